/**
 * What all objects of the API share: metadata, Status and field errors, selectors, quantities, names, times, owners,
 * conditions. Pure functions over values, no I/O. What single kinds mean is left to api/kinds.
 */
export { cloneJson, deepFreeze } from "./clone.ts";
export type { Condition } from "./conditions.ts";
export { findCondition, isConditionTrue, removeCondition, setCondition } from "./conditions.ts";
export { formatDuration, humanDuration, parseDuration } from "./duration.ts";
export { deepEqual, semanticEqual } from "./equality.ts";
export type { FieldError, FieldErrorType } from "./field-error.ts";
/** Field error constructors: `fieldError.required(path, detail)`. */
export * as fieldError from "./field-error.ts";
export { errorBody, errorMessage, quoteGo } from "./field-error.ts";
export { FieldPath, root } from "./field-path.ts";
export type { FieldSelector, FieldTerm } from "./fields.ts";
export { anyField, matchesFields, parseFieldSelector, requiresExactMatch } from "./fields.ts";
export { fnv32a, safeEncode } from "./hash.ts";
export type { IntOrString } from "./int-or-string.ts";
export { intOrStringText, scaledValue } from "./int-or-string.ts";
export type { IPAddress, IPFamily } from "./ip.ts";
export { ipFamily, isCIDR, isValidIP, parseIPAddress } from "./ip.ts";
export type { Requirement, SelectorOperator } from "./label-requirement.ts";
export type { LabelSelector, LabelSelectorRequirement, Labels, Selector } from "./labels.ts";
export {
  everything,
  isEmptySelector,
  labelSelectorAsSelector,
  matches,
  nothing,
  parseSelector,
  selectorFromLabels,
  selectorString,
} from "./labels.ts";
export {
  generateName,
  isCIdentifier,
  isConfigMapKey,
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isDomainPrefixedPath,
  isHTTPHeaderName,
  isInRange,
  isPathSegmentName,
  isPortName,
  isQualifiedName,
  isRelaxedEnvVarName,
  isValidLabelValue,
  isValidPercent,
  isValidPortNum,
  isWildcardDNS1123Subdomain,
  randomSuffix,
} from "./names.ts";
export type {
  GroupKind,
  GroupResource,
  GroupVersion,
  GroupVersionKind,
  GroupVersionResource,
  JsonObject,
  JsonValue,
  KubeList,
  KubeObject,
  ListMeta,
  ManagedFieldsEntry,
  ObjectKey,
  ObjectMeta,
  OwnerReference,
} from "./object.ts";
export {
  formatApiVersion,
  groupKindString,
  groupResourceString,
  gvkOf,
  keyOf,
  keyString,
  parseApiVersion,
  parseKeyString,
} from "./object.ts";
export { controllerOf, controllerReference, isControlledBy, ownerReference } from "./owner.ts";
export type { Quantity, QuantityFormat } from "./quantity.ts";
export {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  milliQuantity,
  negateQuantity,
  parseQuantity,
  quantityOf,
  quantitySign,
  quantityToMilli,
  quantityToNumber,
  subQuantity,
  toApproximateFloat,
  toMilli,
  toNumber,
  tryParseQuantity,
} from "./quantity.ts";
export type { Status, StatusCause, StatusDetails, StatusReason } from "./status.ts";
export { ApiError, errors, isApiError, isReason, statusOf, successStatus } from "./status.ts";
export { formatMicroTime, formatTime, isValidTime, parseTime } from "./time.ts";
