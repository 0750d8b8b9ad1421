import type { Command, Option } from "commander";
import { CommandError, type Surroundings } from "./surroundings.ts";

/** One command as the completion scripts need it. */
interface Completion {
  readonly name: string;
  readonly description: string;
  /** Names of the commands below it, of all depths. */
  readonly words: readonly string[];
  readonly flags: readonly {
    readonly flag: string;
    readonly description: string;
    readonly takesValue: boolean;
    readonly choices: readonly string[];
  }[];
}

const shells: Readonly<Record<string, (commands: readonly Completion[]) => string>> = { bash, zsh, fish };

/** Prints a completion script made from the commands themselves. @throws CommandError for an unknown shell. */
export function printCompletion(program: Command, shell: string, around: Surroundings): void {
  const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
  if (!script) throw new CommandError(`no completion for the shell ${JSON.stringify(shell)}: choose bash, zsh or fish`);
  around.stdout.write(script(completions(program)));
}

function completions(program: Command): Completion[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    words: commandsBelow(command).map((below) => below.name()),
    flags: optionsOf(command).map((option) => ({
      flag: option.long ?? option.short ?? "",
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
  }));
}

function commandsBelow(command: Command): Command[] {
  return command.commands.flatMap((below) => [below, ...commandsBelow(below)]);
}

/** Its own options and those of the commands below it, each once. */
function optionsOf(command: Command): Option[] {
  const options = [command, ...commandsBelow(command)].flatMap((each) => [...each.options]);
  return [...new Map(options.map((option) => [option.flags, option])).values()];
}

function bash(commands: readonly Completion[]): string {
  const cases = commands.map(
    (c) => `    ${c.name}) words="${[...c.words, ...c.flags.map((f) => f.flag)].join(" ")}" ;;`,
  );
  const values = new Map(
    commands.flatMap((c) => c.flags.filter((f) => f.choices.length > 0).map((f) => [f.flag, f.choices])),
  );
  const choices = [...values].map(
    ([flag, list]) => `    ${flag}) COMPREPLY=($(compgen -W "${list.join(" ")}" -- "$cur")); return ;;`,
  );
  return `# bash completion for sampan
_sampan() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  case "$prev" in
${choices.join("\n")}
    --data-dir|--kubeconfig) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$cur")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map((c) => c.name).join(" ")} help"
  else case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    help) words="${commands.map((c) => c.name).join(" ")}" ;;
  esac fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _sampan sampan kubectl-sampan
`;
}

function zsh(commands: readonly Completion[]): string {
  const quote = (text: string) => text.replace(/'/g, "'\\''").replace(/[[\]:]/g, "\\$&");
  const list = commands.map((c) => `    '${c.name}:${quote(c.description)}'`);
  const flag = (f: Completion["flags"][number]) => {
    const value = f.takesValue ? `:value:${f.choices.length > 0 ? `(${f.choices.join(" ")})` : "_files"}` : "";
    return `'${f.flag}[${quote(f.description)}]${value}'`;
  };
  const cases = commands.map((c) => {
    const below = c.words.length > 0 ? [`'*:command:(${c.words.join(" ")})'`] : [];
    const args = c.name === "completion" ? [`'1:shell:(bash zsh fish)'`] : [...below, ...c.flags.map(flag)];
    return `    ${c.name}) _arguments ${args.join(" ")} ;;`;
  });
  return `#compdef sampan kubectl-sampan
_sampan() {
  local -a commands=(
${list.join("\n")}
    'help:how to use a command'
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  shift words; (( CURRENT-- ))
  case "$words[1]" in
${cases.join("\n")}
    help) _describe command commands ;;
  esac
}
compdef _sampan sampan kubectl-sampan
`;
}

function fish(commands: readonly Completion[]): string {
  const quote = (text: string) => `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;
  const lines = ["# fish completion for sampan", "complete -c sampan -f"];
  for (const c of commands) {
    lines.push(`complete -c sampan -n __fish_use_subcommand -a ${c.name} -d ${quote(c.description)}`);
    if (c.words.length > 0) {
      lines.push(`complete -c sampan -n '__fish_seen_subcommand_from ${c.name}' -a ${quote(c.words.join(" "))}`);
    }
    for (const f of c.flags) {
      const value = f.choices.length > 0 ? ` -x -a ${quote(f.choices.join(" "))}` : f.takesValue ? " -r -F" : "";
      const long = f.flag.replace(/^--/, "");
      lines.push(
        `complete -c sampan -n '__fish_seen_subcommand_from ${c.name}' -l ${long} -d ${quote(f.description)}${value}`,
      );
    }
  }
  lines.push(`complete -c sampan -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'`);
  return `${lines.join("\n")}\n`;
}
