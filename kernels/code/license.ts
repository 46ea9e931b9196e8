/**
 * Licences of source files: SPDX expressions, and what a file's first lines say.
 *
 * Owns {@link allows} and {@link licenseInHeader}. Names are SPDX's, compared without case. Invariant: an expression is
 * allowed where some choice of its alternatives names allowed licences only; an exception (`WITH`) only gives, so it is
 * left out; what cannot be read is not allowed. Price: the first lines of a file, once as a string.
 */

/** Texts by which well known licences are recognised where no identifier stands: the first that fits. */
const TEXTS: readonly (readonly [pattern: RegExp, license: string])[] = [
  [/GNU Affero General Public License|\bAGPL\b/i, "AGPL-3.0"],
  [/GNU (?:Lesser|Library) General Public License|\bLGPL\b/i, "LGPL-2.1"],
  [/GNU General Public License|\bGPL(?:v[23])?\b/i, "GPL-2.0"],
  [/Apache License,?\s+Version 2\.0|apache\.org\/licenses\/LICENSE-2\.0/i, "Apache-2.0"],
  [/Mozilla Public License|mozilla\.org\/MPL/i, "MPL-2.0"],
  [/Eclipse Public License/i, "EPL-2.0"],
  [/Boost Software License/i, "BSL-1.0"],
  [/Permission is hereby granted, free of charge|\bMIT licen[sc]e\b/i, "MIT"],
  [/Permission to use, copy, modify, and(?:\/or)? distribute this software/i, "ISC"],
  [/Redistribution and use in source and binary forms|\bBSD(?:-style)? licen[sc]e\b/i, "BSD-3-Clause"],
  [/released into the public domain|\bunlicense\.org\b/i, "Unlicense"],
  [/creativecommons\.org\/publicdomain\/zero|\bCC0\b/i, "CC0-1.0"],
  [/proprietary (?:and|or|\/) ?confidential|confidential and proprietary/i, "proprietary"],
];
const IDENTIFIER = /SPDX-License-Identifier:\s*([^\r\n]*)/i;
/** What ends comments, behind an expression. */
const COMMENT_END = /\s*(?:\*\/|-->|\*\)|#}|%>)\s*$/;
const COMMENT_MARKS = /^[\s/*#;%!"'-]+/gm;

/** The licence that the first `lines` lines of `bytes[start, end)` name; undefined where they name none. */
export function licenseInHeader(bytes: Uint8Array, start: number, end: number, lines: number): string | undefined {
  let at = start;
  for (let line = 0; line < lines && at < end; line++) {
    const found = bytes.indexOf(0x0a, at);
    at = found < 0 || found >= end ? end : found + 1;
  }
  const head = Buffer.from(bytes.subarray(start, at)).toString("utf8");
  const expression = IDENTIFIER.exec(head)?.[1]?.replace(COMMENT_END, "").trim();
  if (expression !== undefined && expression !== "") return expression;
  const text = head.replaceAll(COMMENT_MARKS, "").replaceAll(/\s+/g, " ");
  return TEXTS.find(([pattern]) => pattern.test(text))?.[1];
}

/** Whether the SPDX expression `expression` allows a use under licences of `allowed`, which are in lower case. */
export function allows(expression: string, allowed: ReadonlySet<string>): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  let isBroken = false;
  const isNext = (word: string): boolean => tokens[at]?.toUpperCase() === word;
  const one = (): boolean => {
    const token = tokens[at++];
    if (token === undefined || token === ")") isBroken = true;
    if (isBroken || token === undefined) return false;
    if (token !== "(") {
      const name = token.toLowerCase();
      if (isNext("WITH")) at += 2;
      return allowed.has(name) || allowed.has(name.replace(/(?:-only|-or-later|\+)$/, ""));
    }
    const inside = either();
    if (tokens[at++] !== ")") isBroken = true;
    return inside;
  };
  const all = (): boolean => {
    let result = one();
    while (isNext("AND")) {
      at++;
      result = one() && result;
    }
    return result;
  };
  const either = (): boolean => {
    let result = all();
    while (isNext("OR")) {
      at++;
      result = all() || result;
    }
    return result;
  };
  return either() && !isBroken && at === tokens.length;
}
