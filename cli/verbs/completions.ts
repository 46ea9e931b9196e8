import { type Application, buildCommand, proposeCompletions } from "@stricli/core";
import { type CliContext, EXIT, guarded } from "../context.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

interface Flags {
  readonly words: boolean;
}

/**
 * Completions for shells: a script that asks this program, so that it knows the verbs and flags of the program that is there.
 * `application` is that which the verb is part of.
 */
export const completionsCommand = (application: () => Application<CliContext>) =>
  buildCommand<Flags, [string, ...string[]], CliContext>({
    docs: {
      brief: "a script that has a shell complete verbs and flags: bash, zsh or fish",
      fullDescription: [
        "  shardmill completions bash > ~/.local/share/bash-completion/completions/shardmill",
        "  shardmill completions zsh > ~/.zfunc/_shardmill",
        "  shardmill completions fish > ~/.config/fish/completions/shardmill.fish",
      ].join("\n"),
    },
    parameters: {
      flags: {
        words: {
          kind: "boolean",
          default: false,
          withNegated: false,
          brief: "for the scripts: what may stand in the place of the last of the words that follow",
        },
      },
      positional: {
        kind: "array",
        parameter: { brief: "bash, zsh or fish", parse: (value: string) => value, placeholder: "shell" },
        minimum: 1,
      },
    },
    func(flags, shell, ...words) {
      return guarded(this, { json: false }, async ({ didYouMean, RecipeError }) => {
        const found = SHELLS.find((known) => known === shell);
        if (found === undefined || (!flags.words && words.length > 0)) {
          const what =
            found === undefined ? `there are no completions for ${shell}` : "one shell is completed at a time";
          throw new RecipeError({ code: "flag/no-such-shell", what, fix: didYouMean(shell, SHELLS) });
        }
        if (!flags.words) this.process.stdout.write(scriptOf(found));
        else this.process.stdout.write(await proposals(application(), this, found, words));
        return EXIT.ok;
      });
    },
  });

/** One a line; behind a tab what it means, for shells that show it. */
async function proposals(
  application: Application<CliContext>,
  context: CliContext,
  shell: Shell,
  words: readonly string[],
): Promise<string> {
  const found = await proposeCompletions(application, words, context);
  const lines = found.map(({ completion, brief }) => (shell === "bash" ? completion : `${completion}\t${brief}`));
  return lines.map((line) => `${line}\n`).join("");
}

/** Words go behind `--`: those of the line may be flags. Without proposals, shells complete file names. */
function scriptOf(shell: Shell): string {
  const ask = `shardmill completions --words ${shell} --`;
  const scripts: Readonly<Record<Shell, string>> = {
    bash: `# bash completion for shardmill
_shardmill() {
  local IFS=$'\\n'
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=($(${ask} "\${words[@]}" 2>/dev/null))
}
complete -o bashdefault -o default -F _shardmill shardmill
`,
    zsh: `#compdef shardmill
_shardmill() {
  local -a found
  local line
  while IFS= read -r line; do
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(${ask} "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe shardmill found; else _files; fi
}
if [ "$funcstack[1]" = "_shardmill" ]; then _shardmill "$@"; else compdef _shardmill shardmill; fi
`,
    fish: `# fish completion for shardmill
function __shardmill_complete
    set -l words (commandline -opc) (commandline -ct)
    ${ask} $words[2..-1] 2>/dev/null
end
complete -c shardmill -a '(__shardmill_complete)'
`,
  };
  return scripts[shell];
}
