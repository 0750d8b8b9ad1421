/** `$(NAME)` of what is known; `$$` is a dollar; what is not known stays as it is. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$(\$|\(([^)]+)\))/g, (whole, after: string, name: string | undefined) =>
    after === "$" ? "$" : (lookup(name ?? "") ?? whole),
  );
}
