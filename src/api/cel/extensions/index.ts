/** The function libraries that Kubernetes adds to the language, one file each. */
import type { Environment } from "../library.ts";
import { registerAddresses } from "./addresses.ts";
import { registerAuthorizers } from "./authorizers.ts";
import { registerConversions } from "./conversions.ts";
import { registerFormats } from "./formats.ts";
import { registerLists } from "./lists.ts";
import { registerQuantities } from "./quantities.ts";
import { registerRegex } from "./regex.ts";
import { registerIn } from "./register.ts";
import { registerSemvers } from "./semvers.ts";
import { registerSets } from "./sets.ts";
import { registerStrings } from "./strings.ts";
import { registerURLs } from "./urls.ts";

export type { AuthorizationCheck, AuthorizationDecision, Authorize } from "./authorizers.ts";
export { authorizerType, authorizerValue } from "./authorizers.ts";
export { quantityValue } from "./quantities.ts";

export function registerExtensions(environment: Environment): void {
  const register = registerIn(environment);
  registerConversions(environment, register);
  registerStrings(environment, register);
  registerLists(environment, register);
  registerSets(environment, register);
  registerRegex(register);
  registerURLs(environment, register);
  registerQuantities(environment, register);
  registerAddresses(environment, register);
  registerSemvers(environment, register);
  registerFormats(environment, register);
  registerAuthorizers(environment, register);
}
