/** The labels and annotations by which sandboxes and containers say whose they are, named as the original names them. */
export const podNameLabel = "io.kubernetes.pod.name";
export const podNamespaceLabel = "io.kubernetes.pod.namespace";
export const podUidLabel = "io.kubernetes.pod.uid";
export const containerNameLabel = "io.kubernetes.container.name";
export const containerHashAnnotation = "io.kubernetes.container.hash";
export const restartCountAnnotation = "io.kubernetes.container.restartCount";
export const terminationMessagePathAnnotation = "io.kubernetes.container.terminationMessagePath";
export const terminationMessagePolicyAnnotation = "io.kubernetes.container.terminationMessagePolicy";
/** How long the container may take to end when nobody knows its pod any more. */
export const gracePeriodAnnotation = "io.kubernetes.pod.terminationGracePeriod";
/** CPU and memory that the container was made with. */
export const containerResourcesAnnotation = "sampan.dev/container-resources";
/** Which part of the pod a container is of: `init`, `sidecar`, `main` or `ephemeral`; a runtime that simulates needs it. */
export const containerRoleAnnotation = "sampan.dev/container-role";
export const restartPolicyAnnotation = "sampan.dev/restart-policy";
