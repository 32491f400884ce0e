/** A history as text, in the form that the files of every wing share. */

/** The format's version. It counts commands from 1, as all output does. */
export const HISTORY_VERSION = 2;

interface WrittenHistory {
  readonly kernel: string;
  readonly law?: string | undefined;
  readonly scope: object;
  readonly commands: readonly object[];
}

/** Fields in a fixed order, a command a line. */
export function historyText({ kernel, law, scope, commands }: WrittenHistory): string {
  const lines = commands.map((command) => `    ${JSON.stringify(command)}`);
  return [
    "{",
    `  "vmapcheck": ${HISTORY_VERSION},`,
    `  "kernel": ${JSON.stringify(kernel)},`,
    ...(law === undefined ? [] : [`  "law": ${JSON.stringify(law)},`]),
    `  "scope": ${JSON.stringify(scope)},`,
    `  "commands": [`,
    lines.join(",\n"),
    "  ]",
    "}",
    "",
  ].join("\n");
}
