// How the command line is made one bundle: what of its modules is changed so that it starts fast and stays small in memory.
/**
 * The X.509 library fails unless the reflection library was loaded before it. Several chunks import both, and a bundle does
 * not keep the order of what they share, unless told so for all modules, which makes every start slower.
 */
const reflectFirst = {
  name: "reflect-first",
  transform: (code: string, id: string) =>
    id.endsWith("/@peculiar/x509/build/x509.cjs.js") ? `require("reflect-metadata");${code}` : undefined,
};

const builtinImport = /^import (?:\* as ([\w$]+)|([\w$]+))?(?:, )?(?:\{([^}]*)\})? from "(node:[\w/]+)";$/gm;

/**
 * Node.js evaluates all exports of a module of its own that is imported, used or not: `node:http` loads fetch and WebSocket with
 * 0.8 MB of code, `node:crypto` the web cryptography. Taken as objects, they read only what is used of them.
 */
const leanBuiltins = {
  name: "lean-builtins",
  renderChunk: (code: string) => ({
    code: code.replace(builtinImport, (_, namespace?: string, whole?: string, names?: string, id?: string) => {
      // A module may have a constant of that name.
      const builtin = `globalThis.process.getBuiltinModule(${JSON.stringify(id)})`;
      const object = namespace ?? whole;
      return [
        ...(object === undefined ? [] : [`const ${object} = ${builtin};`]),
        ...(names === undefined ? [] : [`const {${names.replaceAll(" as ", ": ")}} = ${object ?? builtin};`]),
      ].join(" ");
    }),
  }),
};

/** One character beyond Latin-1 makes V8 keep the whole chunk in two bytes a character. */
const narrow = {
  name: "narrow",
  generateBundle(_: unknown, files: Record<string, { type: string; code?: string }>): void {
    for (const file of Object.values(files)) file.code = file.code?.replace(/[^\0-\xff]/g, escaped);
  },
};

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** @param root the repository's folder, with a slash at its end */
export const bundleOptions = (root: string) => ({
  cwd: root,
  input: { sampan: "src/cli/main.ts" },
  platform: "node" as const,
  // Has native code beside its JavaScript, so it stays a package of its own.
  external: ["lmdb"],
  // No module of ours does anything when it is only loaded: what a command does not use of a folder, it does not load.
  treeshake: { moduleSideEffects: (id: string) => (id.startsWith(`${root}src/`) ? false : undefined) },
  plugins: [leanBuiltins, reflectFirst, narrow],
});

/** Sources stay in memory as long as the process: comments and white space go, names stay as they are for stack traces. */
export const outputOptions = {
  format: "esm" as const,
  chunkFileNames: "[name]-[hash].js",
  minify: { mangle: false, compress: false, codegen: { removeWhitespace: true } },
};
