// Paths of collections, so that tests read like sentences.

export const core = (namespace: string, resource: string) => `/api/v1/namespaces/${namespace}/${resource}`;
export const apps = (namespace: string, resource: string) => `/apis/apps/v1/namespaces/${namespace}/${resource}`;
export const batch = (namespace: string, resource: string) => `/apis/batch/v1/namespaces/${namespace}/${resource}`;
export const pods = (namespace: string) => core(namespace, "pods");

/** A label selector as a query. */
export const labelled = (selector: string) => `labelSelector=${encodeURIComponent(selector)}`;
/** A field selector as a query. */
export const fields = (selector: string) => `fieldSelector=${encodeURIComponent(selector)}`;
