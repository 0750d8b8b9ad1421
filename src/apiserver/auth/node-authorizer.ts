import { parseFieldSelector } from "../../api/meta/index.ts";
import type { PersistentVolume, Pod } from "../../api/types/index.ts";
import type { Host } from "../../host/index.ts";
import type { Store } from "../../store/index.ts";
import { Followed } from "../followed.ts";
import type { Attributes, Authorizer, Decision } from "./authorizer.ts";
import { NodeGraph, type Related } from "./node-graph.ts";
import { nodeRules } from "./policy/node-rules.ts";
import { ruleAllowsPath, ruleAllowsResource } from "./policy-rule.ts";

const noOpinion: Decision = { allowed: false };
const allowed: Decision = { allowed: true };
const nodesGroup = "system:nodes";
const nodeUserPrefix = "system:node:";
const leaseNamespace = "kube-node-lease";

type OnResource = Extract<Attributes, { kind: "resource" }>;
type Rule = (node: string, asked: OnResource) => Decision;

/**
 * What kubelets may do: read what their pods refer to, write what is their own, and what the rules of `system:node` give to
 * all nodes alike.
 *
 * Which objects belong to which node is followed from the first request of a node on: a cluster whose nodes are all part of
 * this process has no use for it.
 */
export class NodeAuthorizer implements Authorizer {
  readonly #graph = new NodeGraph();
  readonly #followed: readonly Followed[];
  readonly #host: Pick<Host, "log" | "clock">;
  #following: Promise<void> | undefined;

  constructor(store: Store, host: Pick<Host, "log" | "clock">) {
    this.#host = host;
    const graph = this.#graph;
    const follow = (prefix: string, changed: ConstructorParameters<typeof Followed>[3]) =>
      new Followed(store, prefix, host, (key, object) => changed(key.slice(prefix.length), object));
    const named = (prefix: string, kind: Related) =>
      follow(prefix, (place, object) => graph.putNamed(kind, place, object));
    this.#followed = [
      // What a key holds is what its prefix says.
      follow("/registry/pods/", (place, pod) =>
        pod === undefined ? graph.deletePod(place) : graph.putPod(place, pod as Pod),
      ),
      follow("/registry/persistentvolumes/", (name, volume) =>
        volume === undefined ? graph.deleteVolume(name) : graph.putVolume(name, volume as PersistentVolume),
      ),
      named("/registry/volumeattachments/", "volumeAttachment"),
      named("/registry/resourceslices/", "resourceSlice"),
      named("/registry/podcertificaterequests/", "podCertificateRequest"),
    ];
  }

  authorize(attributes: Attributes): Decision {
    const { user, verb } = attributes;
    if (!user.name.startsWith(nodeUserPrefix) || !user.groups.includes(nodesGroup)) return noOpinion;
    const node = user.name.slice(nodeUserPrefix.length);
    if (node === "") return refused(`unknown node for user ${JSON.stringify(user.name)}`);
    void this.follow();
    if (attributes.kind === "path") {
      return nodeRules().some((rule) => ruleAllowsPath(rule, verb, attributes.path)) ? allowed : noOpinion;
    }
    const { group, resource, subresource = "", name = "" } = attributes;
    const own = this.#rules[group === "" ? resource : `${resource}.${group}`];
    if (own !== undefined) return own(node, attributes);
    const target = subresource === "" ? resource : `${resource}/${subresource}`;
    const granted = nodeRules().some((rule) => ruleAllowsResource(rule, verb, group, target, subresource, name));
    return granted ? allowed : noOpinion;
  }

  /** Reads which objects belong to which node, and keeps it; done once. */
  follow(): Promise<void> {
    this.#following ??= Promise.all(this.#followed.map((each) => each.start())).then(
      () => undefined,
      (error: unknown) => {
        this.#host.log.error("what belongs to nodes cannot be read", { error: String(error) });
        this.#following = undefined;
      },
    );
    return this.#following;
  }

  close(): void {
    for (const each of this.#followed) each.close();
  }

  readonly #rules: Readonly<Record<string, Rule>> = {
    secrets: (node, asked) => this.#read(node, "secret", asked),
    configmaps: (node, asked) => this.#read(node, "configMap", asked),
    persistentvolumeclaims: (node, asked) =>
      asked.subresource === "status" ? this.#claimStatus(node, asked) : this.#get(node, "persistentVolumeClaim", asked),
    persistentvolumes: (node, asked) => this.#get(node, "persistentVolume", asked),
    "resourceclaims.resource.k8s.io": (node, asked) => this.#get(node, "resourceClaim", asked),
    "volumeattachments.storage.k8s.io": (node, asked) => this.#get(node, "volumeAttachment", asked),
    serviceaccounts: (node, asked) => this.#serviceAccount(node, asked),
    "podcertificaterequests.certificates.k8s.io": (node, asked) => this.#podCertificateRequest(node, asked),
    "leases.coordination.k8s.io": leaseOfNode,
    "csinodes.storage.k8s.io": csiNodeOfNode,
    "resourceslices.resource.k8s.io": (node, asked) => this.#resourceSlice(node, asked),
    nodes: nodeItself,
    pods: (node, asked) => this.#pod(node, asked),
  };

  #related(node: string, kind: Related, { namespace = "", name = "" }: OnResource): Decision {
    if (name === "") return refused("No Object name found");
    if (this.#graph.relates(node, kind, namespace, name)) return allowed;
    return refused(`no relationship found between node '${node}' and this object`);
  }

  #read(node: string, kind: Related, asked: OnResource): Decision {
    if (!isOneOf(asked.verb, readVerbs)) return refused("can only read resources of this type");
    if (asked.subresource) return refused("cannot read subresource");
    if (!asked.namespace) return refused("can only read namespaced object of this type");
    return this.#related(node, kind, asked);
  }

  #get(node: string, kind: Related, asked: OnResource): Decision {
    if (asked.verb !== "get") return refused("can only get individual resources of this type");
    if (asked.subresource) return refused("cannot get subresource");
    return this.#related(node, kind, asked);
  }

  #claimStatus(node: string, asked: OnResource): Decision {
    if (!isOneOf(asked.verb, ["update", "patch"])) return refused("can only get/update/patch this type");
    return this.#related(node, "persistentVolumeClaim", asked);
  }

  #serviceAccount(node: string, asked: OnResource): Decision {
    if (asked.verb === "get" && !asked.subresource) return this.#related(node, "serviceAccount", asked);
    if (asked.verb !== "create" || !asked.name) {
      return refused("can only create tokens for individual service accounts");
    }
    if (asked.subresource !== "token") return refused("can only create token subresource of serviceaccount");
    return this.#related(node, "serviceAccount", asked);
  }

  #podCertificateRequest(node: string, asked: OnResource): Decision {
    if (asked.subresource) return refused("nodes may not access PodCertificateRequest subresources");
    if (asked.verb === "create") return allowed; // NodeRestriction sees what is in it
    if (asked.verb === "get") return this.#related(node, "podCertificateRequest", asked);
    if (isOneOf(asked.verb, ["list", "watch"])) {
      if (selects(asked, "spec.nodeName", node)) return allowed;
      return refused("can only list/watch podcertificaterequests with nodeName field selector");
    }
    return refused(`nodes may not ${asked.verb} PodCertificateRequests`);
  }

  #resourceSlice(node: string, asked: OnResource): Decision {
    if (asked.subresource) return refused("cannot authorize ResourceSlice subresources");
    if (asked.verb === "create") return allowed; // NodeRestriction sees what is in it
    if (isOneOf(asked.verb, ["get", "update", "patch", "delete"])) return this.#related(node, "resourceSlice", asked);
    if (isOneOf(asked.verb, ["list", "watch", "deletecollection"])) {
      if (selects(asked, "spec.nodeName", node) || selects(asked, "nodeName", node)) return allowed;
      return refused("can only list/watch/deletecollection resourceslices with nodeName field selector");
    }
    return refused(
      "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
    );
  }

  #pod(node: string, asked: OnResource): Decision {
    const { verb, subresource = "" } = asked;
    if (subresource === "status") return isOneOf(verb, ["update", "patch"]) ? allowed : noOpinion;
    if (subresource === "eviction") return verb === "create" ? allowed : noOpinion;
    if (subresource !== "") return noOpinion;
    if (isOneOf(verb, ["create", "delete"])) return allowed; // mirror pods: NodeRestriction sees which
    if (verb === "get") return this.#related(node, "pod", asked);
    if (!isOneOf(verb, ["list", "watch"])) return noOpinion;
    if (selects(asked, "spec.nodeName", node)) return allowed;
    if (asked.name) return this.#related(node, "pod", asked);
    return refused("can only list/watch pods with spec.nodeName field selector");
  }
}

const readVerbs = ["get", "list", "watch"];
const ownVerbs = ["get", "create", "update", "patch", "delete"];

/** On a creation the name is not known yet: that one is left to NodeRestriction. */
function leaseOfNode(node: string, { verb, namespace, name }: OnResource): Decision {
  if (!isOneOf(verb, ownVerbs)) return refused("can only get, create, update, patch, or delete a node lease");
  if (namespace !== leaseNamespace) {
    return refused(`can only access leases in the ${JSON.stringify(leaseNamespace)} system namespace`);
  }
  if (verb === "create" || name === node) return allowed;
  return refused("can only access node lease with the same name as the requesting node");
}

function csiNodeOfNode(node: string, { verb, subresource, name }: OnResource): Decision {
  if (!isOneOf(verb, ownVerbs)) return refused("can only get, create, update, patch, or delete a CSINode");
  if (subresource) return refused("cannot authorize CSINode subresources");
  if (verb === "create" || name === node) return allowed;
  return refused("can only access CSINode with the same name as the requesting node");
}

/** By its name, so that a node can look for itself before it is there. */
function nodeItself(node: string, { verb, subresource = "", name = "" }: OnResource): Decision {
  if (subresource === "status") return isOneOf(verb, ["update", "patch"]) ? allowed : noOpinion;
  if (subresource !== "") return noOpinion;
  if (isOneOf(verb, ["create", "update", "patch"])) return allowed;
  if (!isOneOf(verb, readVerbs)) return noOpinion;
  if (name === node) return allowed;
  if (name === "") return refused(`node '${node}' cannot read all nodes, only its own Node object`);
  return refused(`node '${node}' cannot read '${name}', only its own Node object`);
}

/** Whether only objects are asked for whose field has the value. */
function selects({ fieldSelector }: OnResource, field: string, value: string): boolean {
  if (!fieldSelector) return false;
  try {
    return parseFieldSelector(fieldSelector).terms.some(
      (term) => term.field === field && term.operator === "=" && term.value === value,
    );
  } catch {
    return false; // the request will be told what is wrong with it
  }
}

function isOneOf(verb: string, verbs: readonly string[]): boolean {
  return verbs.includes(verb);
}

function refused(reason: string): Decision {
  return { allowed: false, reason };
}
