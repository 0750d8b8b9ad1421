/** How large expressions and what they make may be. */
export const limits = {
  /** Nodes of one expression's syntax tree. */
  nodes: 100_000,
  /** Of nested expressions. */
  depth: 250,
  /** Elements of one list or map that an expression writes out. */
  elements: 10_000,
  callArguments: 32,
  /** Of what a messageExpression makes. */
  messageBytes: 5 * 1024,
} as const;
