/** What goes wrong with a template, by kind, so that callers can tell a bad template from bad data. */

/**
 * `syntax`: no template. `unsupported`: a template that Python renders and we do not. `masks`: a template whose spans of `{% generation %}` Python
 * itself gets wrong. These three show when a template is compiled, `unsupported` also later. `raised`: the template's own
 * `raise_exception`. `limit`: too many steps, too much output, too deep. Others are Python's errors, by what they are about.
 */
export type TemplateErrorKind =
  | "syntax"
  | "unsupported"
  | "masks"
  | "raised"
  | "limit"
  | "undefined"
  | "type"
  | "value"
  | "security";

/** A template cannot be compiled or rendered. With kind `raised` the message is the template's, as it stands. */
export class TemplateError extends Error {
  readonly kind: TemplateErrorKind;

  constructor(kind: TemplateErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TemplateError";
    this.kind = kind;
  }
}

export function typeError(message: string): TemplateError {
  return new TemplateError("type", message);
}

export function valueError(message: string): TemplateError {
  return new TemplateError("value", message);
}

export function unsupported(what: string): TemplateError {
  return new TemplateError("unsupported", `${what} is not supported in chat templates here`);
}
