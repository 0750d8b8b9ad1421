const token =
  /\s+|\/\/[^\n]*|[rRbB]*(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|[A-Za-z_]\w*|[\s\S]/gy;

/** The words and marks of an expression, with what is between them. Joined they are the expression. */
export function tokensOf(expression: string): readonly string[] {
  return expression.match(token) ?? [];
}
