import {
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
} from "../../meta/index.ts";
import { type Environment, library } from "../library.ts";
import { type Register, registerClass } from "./register.ts";

/** A named form of text that values can be held to. */
class Format {
  readonly check: (text: string) => readonly string[];
  /** How long the original takes its pattern to be: what a check costs depends on it. */
  readonly patternSize: number;

  constructor(check: (text: string) => readonly string[], patternSize: number) {
    this.check = check;
    this.patternSize = patternSize;
  }
}

class FormatNamespace {}

const matching = (pattern: RegExp, what: string) => (text: string) => (pattern.test(text) ? [] : [`invalid ${what}`]);
/** What may stand before a generated suffix. */
const prefixOf = (check: (text: string) => string[]) => (text: string) => check(text.replace(/-$/, "a"));

const formats: Readonly<Record<string, Format>> = {
  dns1123Label: new Format(isDNS1123Label, 30),
  dns1123Subdomain: new Format(isDNS1123Subdomain, 60),
  dns1035Label: new Format(isDNS1035Label, 30),
  qualifiedName: new Format(isQualifiedName, 60),
  labelValue: new Format(isValidLabelValue, 40),
  dns1123LabelPrefix: new Format(prefixOf(isDNS1123Label), 30),
  dns1123SubdomainPrefix: new Format(prefixOf(isDNS1123Subdomain), 60),
  dns1035LabelPrefix: new Format(prefixOf(isDNS1035Label), 30),
  uri: new Format((text) => (URL.canParse(text) ? [] : ["invalid URI"]), 1104),
  uuid: new Format(matching(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i, "UUID"), 72),
  byte: new Format(matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, "base64"), 84),
  date: new Format(matching(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, "date"), 72),
  datetime: new Format(matching(/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/, "datetime"), 72),
};

const type = "kubernetes.NamedFormat";

/** `format.dns1123Label().validate(text)`: nothing when it fits, otherwise why not. */
export function registerFormats(environment: Environment, register: Register): void {
  const { Optional } = library();
  registerClass(environment, type, Format);
  environment.registerOperator(`${type} == ${type}`, (a: Format, b: Format) => a === b);
  registerClass(environment, "kubernetes.Formats", FormatNamespace);
  environment.registerConstant("format", "kubernetes.Formats", new FormatNamespace());
  for (const [name, format] of Object.entries(formats)) {
    register(`kubernetes.Formats.${name}(): ${type}`, () => format);
  }
  register(`kubernetes.Formats.named(string): optional<${type}>`, (_: unknown, name: string) => {
    const found = Object.hasOwn(formats, name) ? formats[name] : undefined;
    return found === undefined ? Optional.none() : Optional.of(found);
  });
  register(`${type}.validate(string): optional<list<string>>`, (format: Format, text: string) => {
    const messages = format.check(text);
    return messages.length === 0 ? Optional.none() : Optional.of(messages);
  });
}
