/** Texts of operations' parameters, from the typings of a client library's API, as the published API has them. */

/** Whose texts stand for all requests of a sort: verbs, and `resource/part` of requests to a part. */
const operationOf: Readonly<Record<string, string>> = {
  get: "readNamespacedPod",
  create: "createNamespacedPod",
  update: "replaceNamespacedPod",
  patch: "patchNamespacedPod",
  delete: "deleteNamespacedPod",
  list: "listNamespacedPod",
  deletecollection: "deleteCollectionNamespacedPod",
  "pods/log": "readNamespacedPodLog",
  "pods/attach": "connectGetNamespacedPodAttach",
  "pods/exec": "connectGetNamespacedPodExec",
  "pods/portforward": "connectGetNamespacedPodPortforward",
  "pods/proxy": "connectGetNamespacedPodProxy",
  "services/proxy": "connectGetNamespacedServiceProxy",
  "nodes/proxy": "connectGetNodeProxy",
};

/** By sort of request, the texts of its parameters by name. @throws Error for an operation that the typings lack */
export function readParameterTexts(typings: string): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  for (const [sort, operation] of Object.entries(operationOf)) {
    const comment = commentBefore(typings, `    ${operation}(`);
    const texts: Record<string, string> = {};
    for (const [, name = "", text = ""] of comment.matchAll(/@param _?(\w+) (.+)/g))
      texts[name] = withoutEntities(text);
    found[sort] = texts;
  }
  return found;
}

function commentBefore(typings: string, declaration: string): string {
  const at = typings.indexOf(declaration);
  if (at < 0) throw new Error(`the typings have no ${declaration.trim()}`);
  return typings.slice(typings.lastIndexOf("/**", at), at);
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };

function withoutEntities(text: string): string {
  return text
    .replace(/&#x([0-9A-Fa-f]+);/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(\w+);/g, (entity, name: string) => named[name] ?? entity)
    .replace(/\\(["'\\])/g, "$1")
    .trim();
}
