import type { Random } from "../../host/index.ts";

const dns1123Label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dns1123Subdomain = `${dns1123Label}(\\.${dns1123Label})*`;
const dns1035Label = "[a-z]([-a-z0-9]*[a-z0-9])?";
const wildcardSubdomain = `\\*\\.${dns1123Subdomain}`;
const qualifiedName = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValue = `(${qualifiedName})?`;
const cIdentifier = "[A-Za-z_][A-Za-z0-9_]*";
const configMapKey = "[-._a-zA-Z0-9]+";
const httpHeaderName = "[-A-Za-z0-9]+";
const percent = "[0-9]+%";
const httpPath = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

const labelLengthMax = 63;
const subdomainLengthMax = 253;
const portNameLengthMax = 15;
const configMapKeyLengthMax = 253;

/** One rule of form: what must match, and the message when it does not. */
interface Form {
  readonly pattern: RegExp;
  readonly message: string;
}

/** The message of the original: what is wanted, examples, and the pattern (with two blanks after each but the last). */
function form(pattern: string, wanted: string, ...examples: string[]): Form {
  const shown = examples.map((example) => `'${example}', `).join(" or ");
  const hint = examples.length === 0 ? "" : `e.g. ${shown}`;
  return {
    pattern: new RegExp(`^(?:${pattern})$`),
    message: `${wanted} (${hint}regex used for validation is '${pattern}')`,
  };
}

const dns1123LabelForm = form(
  dns1123Label,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  "my-name",
  "123-abc",
);
const dns1123SubdomainForm = form(
  dns1123Subdomain,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  "example.com",
);
const dns1035LabelForm = form(
  dns1035Label,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  "my-name",
  "abc-123",
);
const wildcardSubdomainForm = form(
  wildcardSubdomain,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  "*.example.com",
);
const qualifiedNameForm = form(
  qualifiedName,
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  "MyName",
  "my.name",
  "123-abc",
);
const labelValueForm = form(
  labelValue,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  "MyValue",
  "my_value",
  "12345",
);
const cIdentifierForm = form(
  cIdentifier,
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  "my_name",
  "MY_NAME",
  "MyName",
);
const configMapKeyForm = form(
  configMapKey,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  "key.name",
  "KEY_NAME",
  "key-name",
);
const httpHeaderNameForm = form(
  httpHeaderName,
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  "X-Header-Name",
);
const percentForm = form(
  percent,
  "a valid percent string must be a numeric string followed by an ending '%'",
  "1%",
  "93%",
);
const httpPathForm = form(httpPath, "Invalid path");

const empty = "must be non-empty";
const none: string[] = [];

/** The original counts bytes everywhere, but says so only of labels and qualified names. */
type LengthWord = "bytes" | "characters";

function tooLong(max: number, word: LengthWord): string {
  return `must be no more than ${max} ${word}`;
}

/** The messages for a value of at most `max` bytes and a form; the happy path allocates nothing but the result. */
function checked(value: string, rule: Form, max = Number.POSITIVE_INFINITY, word: LengthWord = "characters"): string[] {
  const fits = value.length <= max && (value.length * 3 <= max || Buffer.byteLength(value) <= max);
  const formed = rule.pattern.test(value);
  if (fits && formed) return [];
  if (fits) return [rule.message];
  return formed ? [tooLong(max, word)] : [tooLong(max, word), rule.message];
}

/** Every validator gives the messages of what is wrong, in the words of the original; no message means valid. */
export function isDNS1123Label(value: string): string[] {
  const errors = checked(value, dns1123LabelForm, labelLengthMax);
  const last = errors.length - 1;
  if (errors[last] === dns1123LabelForm.message && dns1123SubdomainForm.pattern.test(value)) {
    errors[last] = "must not contain dots";
  }
  return errors;
}

export function isDNS1123Subdomain(value: string): string[] {
  return checked(value, dns1123SubdomainForm, subdomainLengthMax);
}

export function isDNS1035Label(value: string): string[] {
  return checked(value, dns1035LabelForm, labelLengthMax);
}

export function isWildcardDNS1123Subdomain(value: string): string[] {
  return checked(value, wildcardSubdomainForm, subdomainLengthMax);
}

/** The name of a label, an annotation, a resource: `name` or `dns.prefix/name`. */
export function isQualifiedName(value: string): string[] {
  const slash = value.indexOf("/");
  if (slash < 0) return namePart(value);
  const prefix = value.slice(0, slash);
  const name = value.slice(slash + 1);
  if (name.includes("/")) {
    const message = `a valid label key ${qualifiedNameForm.message} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
    return [message];
  }
  const prefixErrors = prefix === "" ? [empty] : isDNS1123Subdomain(prefix);
  if (prefixErrors.length === 0) return namePart(name);
  return [...prefixErrors.map((error) => `prefix part ${error}`), ...namePart(name)];
}

function namePart(name: string): string[] {
  const errors = checked(name, qualifiedNameForm, labelLengthMax, "bytes");
  if (errors.length === 0) return errors;
  return (name === "" ? [empty, ...errors] : errors).map((error) => `name part ${error}`);
}

export function isValidLabelValue(value: string): string[] {
  return checked(value, labelValueForm, labelLengthMax, "bytes");
}

/** `dns.name/path`, for signer names and the like. */
export function isDomainPrefixedPath(value: string): string[] {
  const slash = value.indexOf("/");
  if (slash <= 0 || slash === value.length - 1) {
    return ['must be a domain-prefixed path (such as "acme.io/foo")'];
  }
  return [...isDNS1123Subdomain(value.slice(0, slash)), ...checked(value.slice(slash + 1), httpPathForm)];
}

export function isCIdentifier(value: string): string[] {
  return checked(value, cIdentifierForm);
}

export function isConfigMapKey(value: string): string[] {
  return [...checked(value, configMapKeyForm, configMapKeyLengthMax), ...likeParentFolder(value)];
}

export function isRelaxedEnvVarName(value: string): string[] {
  if (value === "") return [`environment variable name ${empty}`];
  if (/^[\x20-\x3c\x3e-\x7e]+$/.test(value)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

function likeParentFolder(value: string): string[] {
  if (!value.startsWith(".")) return none;
  if (value === ".") return ["must not be '.'"];
  if (value === "..") return ["must not be '..'"];
  return value.startsWith("..") ? ["must not start with '..'"] : none;
}

/** The name of a container port (an IANA service name). */
export function isPortName(value: string): string[] {
  const errors: string[] = [];
  if (Buffer.byteLength(value) > portNameLengthMax) errors.push(tooLong(portNameLengthMax, "characters"));
  if (!/^[-a-z0-9]+$/.test(value)) {
    errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(value)) errors.push("must contain at least one letter (a-z)");
  if (value.includes("--")) errors.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) errors.push("must not begin or end with a hyphen");
  return errors;
}

export function isHTTPHeaderName(value: string): string[] {
  return checked(value, httpHeaderNameForm);
}

export function isValidPercent(value: string): string[] {
  return checked(value, percentForm);
}

export function isInRange(value: number, min: number, max: number): string[] {
  return value >= min && value <= max ? [] : [`must be between ${min} and ${max}, inclusive`];
}

export function isValidPortNum(value: number): string[] {
  return isInRange(value, 1, 65535);
}

/** A name that can be one segment of a URL path: for the kinds with the freest names. */
export function isPathSegmentName(value: string): string[] {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].filter((illegal) => value.includes(illegal)).map((illegal) => `may not contain '${illegal}'`);
}

/** Without vowels, so that no words come out, and without what looks alike. */
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
/** Leaves room for the suffix within a DNS label. */
const generatedBaseLengthMax = labelLengthMax - suffixLength;

export function randomSuffix(random: Random, length = suffixLength): string {
  let out = "";
  for (let i = 0; i < length; i++) out += suffixAlphabet[Math.floor(random.next() * suffixAlphabet.length)];
  return out;
}

/** The name for metadata.generateName: the base, cut where needed, and five random characters. */
export function generateName(base: string, random: Random): string {
  return base.slice(0, generatedBaseLengthMax) + randomSuffix(random);
}
