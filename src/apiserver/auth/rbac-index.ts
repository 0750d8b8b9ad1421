import type { KubeObject } from "../../api/meta/index.ts";
import { type Host, sleep } from "../../host/index.ts";
import { CompactedError, type Store, type StoreEvent, type Subscription } from "../../store/index.ts";
import type { UserInfo } from "../request.ts";
import type { BindingObject, PolicyRule, RoleObject, RoleRef, Subject } from "./policy-rule.ts";
import { serviceAccountUser } from "./token-claims.ts";

/** A binding as it applies to one of its subjects. */
export interface Grant {
  readonly roleRef: RoleRef;
  readonly bindingName: string;
  /** Empty for a cluster role binding. */
  readonly namespace: string;
  readonly subject: Subject;
}

const prefixes = {
  clusterRoles: "/registry/clusterroles/",
  roles: "/registry/roles/",
  clusterBindings: "/registry/clusterrolebindings/",
  bindings: "/registry/rolebindings/",
} as const;

/** Between tries to read anew what the store has ended the watch of. */
const retryMs = 1_000;

const noGrants: readonly Grant[] = [];
const noRules: readonly PolicyRule[] = [];
const separator = "\u0000";

/** Roles by name and grants by subject, kept as the store has them: what a decision needs, without waiting. */
export class RbacIndex {
  readonly #store: Store;
  readonly #host: Pick<Host, "log" | "clock">;
  /** Rules by the role's store key. */
  readonly #rules = new Map<string, readonly PolicyRule[]>();
  /** Grants by namespace and subject. */
  readonly #grants = new Map<string, readonly Grant[]>();
  /** Where a binding's grants are, by the binding's store key. */
  readonly #places = new Map<string, readonly string[]>();
  #subscriptions: Subscription[] = [];
  #closed = false;

  constructor(store: Store, host: Pick<Host, "log" | "clock">) {
    this.#store = store;
    this.#host = host;
  }

  /** Reads what is stored and follows it from there. */
  async start(): Promise<void> {
    await Promise.all(Object.values(prefixes).map((prefix) => this.#follow(prefix)));
  }

  close(): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions) subscription.cancel();
    this.#subscriptions = [];
  }

  /** Grants to a subject (`userSubject`, `groupSubject`) in a namespace; "" for those of the whole cluster. */
  grants(namespace: string, subject: string): readonly Grant[] {
    return this.#grants.get(namespace === "" ? subject : namespace + separator + subject) ?? noGrants;
  }

  /** The rules of the role that a grant names; undefined when there is no such role. */
  rulesOf(grant: Grant): readonly PolicyRule[] | undefined {
    return this.rules(grant.roleRef.kind, grant.namespace, grant.roleRef.name);
  }

  rules(kind: string, namespace: string, name: string): readonly PolicyRule[] | undefined {
    const key = kind === "ClusterRole" ? prefixes.clusterRoles + name : `${prefixes.roles}${namespace}/${name}`;
    return this.#rules.get(key);
  }

  async #follow(prefix: string): Promise<void> {
    const snapshot = await this.#store.list(prefix);
    for (const key of [...this.#rules.keys(), ...this.#places.keys()]) if (key.startsWith(prefix)) this.#remove(key);
    for (const entry of snapshot.entries()) this.#put(entry.key, entry.object);
    if (this.#closed) return;
    const subscription = this.#store.watch(prefix, snapshot.revision, {
      events: (batch) => batch.forEach(this.#apply),
      closed: (why) => {
        if (this.#closed) return;
        this.#host.log.warn("watch of RBAC objects ended", { prefix, error: why.message });
        if (why instanceof CompactedError) void this.#followAgain(prefix);
      },
    });
    this.#subscriptions.push(subscription);
  }

  /** Rights must not stay as they were: it is tried until the store answers. */
  async #followAgain(prefix: string): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#follow(prefix);
        return;
      } catch (error) {
        this.#host.log.error("RBAC objects cannot be read", { prefix, error: String(error) });
        await sleep(this.#host.clock, retryMs);
      }
    }
  }

  readonly #apply = (event: StoreEvent): void => {
    if (event.type === "delete") this.#remove(event.key);
    else this.#put(event.key, event.entry.object);
  };

  #put(key: string, object: KubeObject): void {
    if (object.kind === "ClusterRole" || object.kind === "Role") {
      this.#rules.set(key, (object as RoleObject).rules ?? noRules);
      return;
    }
    this.#remove(key);
    const { roleRef, subjects, metadata } = object as BindingObject;
    const { name: bindingName = "" } = metadata;
    const namespace = object.kind === "RoleBinding" ? (metadata.namespace ?? "") : "";
    const places: string[] = [];
    for (const subject of subjects ?? []) {
      const subjectKey = keyOfSubject(subject, namespace);
      if (subjectKey === undefined) continue;
      const place = namespace === "" ? subjectKey : namespace + separator + subjectKey;
      places.push(place);
      this.#grants.set(place, [...(this.#grants.get(place) ?? []), { roleRef, bindingName, namespace, subject }]);
    }
    this.#places.set(key, places);
  }

  #remove(key: string): void {
    if (this.#rules.delete(key)) return;
    const places = this.#places.get(key);
    if (places === undefined) return;
    this.#places.delete(key);
    const name = key.slice(key.lastIndexOf("/") + 1);
    for (const place of places) {
      const left = (this.#grants.get(place) ?? []).filter((grant) => grant.bindingName !== name);
      if (left.length > 0) this.#grants.set(place, left);
      else this.#grants.delete(place);
    }
  }
}

function keyOfSubject(subject: Subject, bindingNamespace: string): string | undefined {
  const { kind, name, namespace = bindingNamespace } = subject;
  if (kind === "User") return userSubject(name);
  if (kind === "Group") return groupSubject(name);
  if (kind === "ServiceAccount" && namespace !== "") return userSubject(serviceAccountUser(namespace, name));
  return undefined;
}

export function userSubject(name: string): string {
  return `u:${name}`;
}

export function groupSubject(name: string): string {
  return `g:${name}`;
}

/** Everything through which grants may come to a user. Users are immutable values, so that this is made once for each. */
export function subjectsOf(user: UserInfo): readonly string[] {
  let subjects = knownSubjects.get(user);
  if (subjects === undefined) {
    subjects = [userSubject(user.name), ...user.groups.map(groupSubject)];
    knownSubjects.set(user, subjects);
  }
  return subjects;
}

const knownSubjects = new WeakMap<UserInfo, readonly string[]>();
