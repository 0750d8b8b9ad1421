import type { Environment } from "../library.ts";
import { celEquals } from "../values.ts";
import { type Register, registerClass } from "./register.ts";

class SetsNamespace {}

/** Lists seen as sets. That elements of two known types are never the same is told when an expression is compiled. */
export function registerSets(environment: Environment, register: Register): void {
  registerClass(environment, "kubernetes.Sets", SetsNamespace);
  environment.registerConstant("sets", "kubernetes.Sets", new SetsNamespace());
  register("kubernetes.Sets.contains(list<A>, list<T>): bool", (_: unknown, all: unknown[], some: unknown[]) =>
    contains(all, some),
  );
  register(
    "kubernetes.Sets.equivalent(list<A>, list<T>): bool",
    (_: unknown, a: unknown[], b: unknown[]) => contains(a, b) && contains(b, a),
  );
  register("kubernetes.Sets.intersects(list<A>, list<T>): bool", (_: unknown, a: unknown[], b: unknown[]) =>
    a.some((item) => contains(b, [item])),
  );
}

function contains(all: readonly unknown[], some: readonly unknown[]): boolean {
  return some.every((item) => all.some((other) => celEquals(other, item)));
}
