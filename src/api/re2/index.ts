/**
 * Regular expressions as Kubernetes has them: RE2's syntax and meaning, in time that grows with the text and not with its
 * powers. Patterns come from whoever may write a definition or a policy, texts from everybody.
 */
export { type RegularExpression, re2, re2Problem } from "./re2.ts";
