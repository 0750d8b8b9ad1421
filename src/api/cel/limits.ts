/** How large expressions and what they make may be, and how much their evaluation may cost, in the original's units. */
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
  /** Of one evaluation: about a tenth of a second in the original. */
  callCost: 1_000_000,
  /** Of all evaluations for one object by a definition's rules, or by a policy with one binding. */
  budget: 10_000_000,
  /** Of the match conditions of one webhook or policy. */
  matchConditionsBudget: 2_500_000,
  /** What a rule of a definition may cost at worst, by the sizes that its schema allows. */
  ruleCost: 10_000_000,
  /** What all rules of a definition's version may cost together. */
  schemaCost: 100_000_000,
  requestBytes: 3 * 1024 * 1024,
} as const;
