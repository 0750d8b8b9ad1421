import type { Environment, RegisteredFunctionHandler } from "../library.ts";

/** Adds a function under a signature like `string.find(string): string`. */
export type Register = (signature: string, handler: RegisteredFunctionHandler) => void;

export function registerIn(environment: Environment): Register {
  return (signature, handler) => {
    environment.registerFunction(signature, handler, { async: false });
  };
}

/** A class of values that has no fields, only functions. */
export function registerClass(environment: Environment, name: string, ctor: abstract new (...args: never[]) => object) {
  environment.registerType(name, { ctor, fields: {} });
}
