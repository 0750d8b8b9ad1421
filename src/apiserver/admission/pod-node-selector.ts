import { errors } from "../../api/meta/index.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { AdmissionConfigError } from "./config-error.ts";
import type { Lookup } from "./lookup.ts";
import { isPod, specOf } from "./pod.ts";
import { refuse } from "./refusal.ts";

const annotation = "scheduler.alpha.kubernetes.io/node-selector";
const clusterDefault = "clusterDefaultNodeSelector";

type Labels = Readonly<Record<string, string>>;

/** Pods run on the nodes of their namespace only: its selector is joined to theirs. */
export function podNodeSelector(lookup: Lookup, configuration: unknown): AdmissionPlugin {
  const selectors = readSelectors(configuration);
  const ofNamespace = async (name: string): Promise<Labels> => {
    const namespace = await lookup.get("", "namespaces", "", name);
    if (namespace === undefined) throw errors.notFound({ group: "", resource: "namespaces" }, name);
    const text = namespace.metadata.annotations?.[annotation];
    return text === undefined ? (selectors[clusterDefault] ?? {}) : (labelsOf(text) ?? {});
  };
  return {
    name: "PodNodeSelector",
    handles: (attributes) => isPod(attributes, "CREATE"),
    async admit(attributes) {
      const spec = specOf(attributes);
      const selector = await ofNamespace(attributes.namespace);
      requireNoConflict(attributes, selector);
      const joined = { ...selector, ...spec.nodeSelector };
      if (Object.keys(joined).length > 0) spec.nodeSelector = joined;
    },
    async validate(attributes) {
      requireNoConflict(attributes, await ofNamespace(attributes.namespace));
      const allowed = selectors[attributes.namespace] ?? {};
      if (Object.keys(allowed).length === 0) return;
      const wanted = Object.entries(specOf(attributes).nodeSelector ?? {});
      if (wanted.some(([key, value]) => allowed[key] !== value))
        throw refuse(attributes, "pod node label selector labels conflict with its namespace whitelist");
    },
  };
}

function requireNoConflict(attributes: Attributes, selector: Labels): void {
  const own = specOf(attributes).nodeSelector ?? {};
  if (Object.entries(selector).some(([key, value]) => key in own && own[key] !== value))
    throw refuse(attributes, "pod node label selector conflicts with its namespace node label selector");
}

function readSelectors(configuration: unknown): Readonly<Record<string, Labels>> {
  const { podNodeSelectorPluginConfig: texts = {} } = (configuration ?? {}) as {
    podNodeSelectorPluginConfig?: Record<string, string>;
  };
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const labels = labelsOf(text ?? "");
      if (labels === undefined) throw new AdmissionConfigError(`PodNodeSelector: invalid selector: ${text}`);
      return [name, labels];
    }),
  );
}

/** `a=b,c=d`; undefined for anything else. */
function labelsOf(text: string): Labels | undefined {
  if (text === "") return {};
  const pairs = text.split(",").map((pair) => pair.split("="));
  if (pairs.some((pair) => pair.length !== 2)) return undefined;
  return Object.fromEntries(pairs.map(([key = "", value = ""]) => [key.trim(), value.trim()]));
}
