"""What users of the Python client do, one area a run: usage: client.py KUBECONFIG AREA. Fails by an exception."""

import json
import sys
import threading
import time

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import portforward, stream

config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()
apps = client.AppsV1Api()
batch = client.BatchV1Api()
namespace = "default"


def pod(name, script="while true; do date; sleep 5; done"):
    container = {"image": "busybox", "name": "sleep", "args": ["/bin/sh", "-c", script]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}


def running(name):
    core.create_namespaced_pod(namespace, pod(name))
    for event in watch.Watch().stream(
        core.list_namespaced_pod, namespace, field_selector=f"metadata.name={name}", timeout_seconds=30
    ):
        if event["object"].status.phase == "Running":
            return
    raise AssertionError(f"{name} does not run")


def commands():
    name = "exec"
    running(name)
    options = {"stderr": True, "stdin": False, "stdout": True, "tty": False}
    printed = stream(
        core.connect_get_namespaced_pod_exec,
        name,
        namespace,
        command=["/bin/sh", "-c", "for i in $(seq 1 3); do date; done"],
        **options,
    )
    assert len(printed.splitlines()) == 3, printed
    printed = stream(core.connect_post_namespaced_pod_exec, name, namespace, command="uptime", **options)
    assert len(printed.splitlines()) == 1, printed

    shell = stream(
        core.connect_post_namespaced_pod_exec,
        name,
        namespace,
        command="/bin/sh",
        _preload_content=False,
        **{**options, "stdin": True},
    )
    shell.write_stdin("echo test string 1\n")
    assert shell.readline_stdout(timeout=5) == "test string 1"
    assert not shell.peek_stderr()
    shell.write_stdin("echo test string 2 >&2\n")
    assert shell.readline_stderr(timeout=5) == "test string 2"
    shell.write_stdin("exit\n")
    while shell.is_open():
        shell.update(timeout=1)
    assert json.loads(shell.read_channel(3))["status"] == "Success"

    for command, code in (("ls /", 0), ("ls /; exit 3", 3)):
        ran = stream(
            core.connect_get_namespaced_pod_exec,
            name,
            namespace,
            command=["/bin/sh", "-c", command],
            _preload_content=False,
            **options,
        )
        while ran.is_open():
            ran.update(timeout=1)
        assert ran.returncode == code, ran.returncode
    assert "UTC" in core.read_namespaced_pod_log(name, namespace)
    followed = core.read_namespaced_pod_log(name, namespace, follow=True, _preload_content=False)
    assert b"UTC" in next(followed.stream())
    followed.close()
    assert core.delete_namespaced_pod(name, namespace, body={}, grace_period_seconds=0).metadata.name == name


def ports():
    name = "ports"
    web = pod(name)
    web["spec"]["containers"] = [{"name": "web", "image": "nginx", "ports": [{"containerPort": 80}]}]
    core.create_namespaced_pod(namespace, web)
    while core.read_namespaced_pod(name, namespace).status.phase != "Running":
        time.sleep(0.02)
    forwarded = portforward(core.connect_get_namespaced_pod_portforward, name, namespace, ports="80")
    connection = forwarded.socket(80)
    connection.setblocking(True)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    answer = b""
    while True:
        data = connection.recv(1024)
        if not data:
            break
        answer += data
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert forwarded.error(80) is None


def objects():
    named = {"port": 80, "name": "port", "protocol": "TCP", "targetPort": 8080}
    added = {"port": 8080, "name": "new", "protocol": "TCP", "targetPort": 8080}
    service = {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "frontend"}, "spec": {"ports": [named]}}
    core.create_namespaced_service(namespace, service)
    patched = core.patch_namespaced_service("frontend", namespace, {"spec": {"ports": [added]}})
    assert len(patched.spec.ports) == 2
    core.delete_namespaced_service("frontend", namespace)
    try:
        core.read_namespaced_service("frontend", namespace)
        raise AssertionError("it is still there")
    except ApiException as error:
        assert error.status == 404

    manifest = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="map"), data={"config.json": "{}", "empty": ""})
    core.create_namespaced_config_map(namespace, manifest)
    assert core.read_namespaced_config_map("map", namespace).data == manifest.data
    core.delete_namespaced_config_map("map", namespace)
    for node in core.list_node().items:
        assert core.read_node(node.metadata.name).metadata.labels
        condition = node.status.conditions[0]
        assert condition.last_heartbeat_time is not None

    job = client.V1Job(
        metadata=client.V1ObjectMeta(name="pi"),
        spec=client.V1JobSpec(
            backoff_limit=4,
            template=client.V1PodTemplateSpec(
                spec=client.V1PodSpec(
                    restart_policy="Never",
                    containers=[client.V1Container(name="pi", image="busybox", command=["sh", "-c", "echo 3.14"])],
                )
            ),
        ),
    )
    batch.create_namespaced_job(namespace, job)
    for event in watch.Watch().stream(batch.list_namespaced_job, namespace, timeout_seconds=30):
        if event["object"].status.succeeded:
            break
    assert batch.read_namespaced_job_status("pi", namespace).status.succeeded == 1
    batch.delete_namespaced_job("pi", namespace, propagation_policy="Background")


def watches():
    seen = []
    names = [f"watched-{i}" for i in range(5)]

    def change():
        for name in names:
            core.create_namespaced_config_map(namespace, {"metadata": {"name": name, "labels": {"watched": "yes"}}})
        for name in names:
            core.delete_namespaced_config_map(name, namespace)

    worker = threading.Thread(target=change)
    worker.start()
    watching = watch.Watch()
    for event in watching.stream(
        core.list_namespaced_config_map, namespace, label_selector="watched=yes", timeout_seconds=30
    ):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 2 * len(names):
            watching.stop()
    worker.join()
    assert seen == [("ADDED", name) for name in names] + [("DELETED", name) for name in names], seen
    expired = watch.Watch()
    events = list(expired.stream(core.list_namespaced_config_map, namespace, timeout_seconds=1))
    assert all(event["type"] == "ADDED" for event in events)


def manifests():
    template = {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [{"name": "nginx", "image": "nginx"}]}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "nginx"}}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "nginx-app"}, "spec": spec}
    api = client.ApiClient()
    utils.create_from_dict(api, deployment)
    try:
        utils.create_from_dict(api, deployment)
        raise AssertionError("it was made twice")
    except utils.FailToCreateError as error:
        assert [one.status for one in error.api_exceptions] == [409]
    scaled = apps.patch_namespaced_deployment_scale("nginx-app", namespace, {"spec": {"replicas": 1}})
    assert scaled.spec.replicas == 1
    apps.delete_namespaced_deployment("nginx-app", namespace, body={})
    deployment["metadata"]["name"] = "broken"
    deployment["spec"]["replicas"] = -1
    try:
        utils.create_from_dict(api, {**deployment, "spec": {**spec, "replicas": -1}})
        raise AssertionError("it was accepted")
    except utils.FailToCreateError as error:
        assert [one.status for one in error.api_exceptions] == [422]


def dynamic_objects():
    api = dynamic.DynamicClient(client.ApiClient())
    services = api.resources.get(api_version="v1", kind="Service")
    port = {"port": 80, "name": "port", "protocol": "TCP", "targetPort": 8080}
    body = {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "dynamic"}, "spec": {"ports": [port]}}
    services.create(body=body, namespace=namespace)
    other = {"spec": {"ports": [{"port": 8080, "name": "new", "protocol": "TCP", "targetPort": 8080}]}}
    assert len(services.patch(body=other, name="dynamic", namespace=namespace).spec.ports) == 2
    merge = "application/merge-patch+json"
    assert len(services.patch(body=other, name="dynamic", namespace=namespace, content_type=merge).spec.ports) == 1
    assert [one.metadata.name for one in services.get(namespace=namespace, label_selector="none=such").items] == []
    services.delete(name="dynamic", namespace=namespace)


def custom_objects():
    names = {"kind": "ChangeMe", "listKind": "ChangeMeList", "plural": "changemes", "singular": "changeme"}
    fields = {"name": {"type": "string"}, "size": {"type": "integer"}}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "changemes.apps.example.com"},
        "spec": {"group": "apps.example.com", "names": names, "scope": "Namespaced", "versions": [version]},
    }
    api = dynamic.DynamicClient(client.ApiClient())
    definitions = api.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    definitions.create(definition)
    try:
        for event in definitions.watch(field_selector="metadata.name=changemes.apps.example.com", timeout=30):
            conditions = event["object"].status.conditions or []
            if any(one.type == "Established" and one.status == "True" for one in conditions):
                break
        api.resources.invalidate_cache()
        changemes = api.resources.get(api_version="apps.example.com/v1", kind="ChangeMe")
        body = {"apiVersion": "apps.example.com/v1", "kind": "ChangeMe", "metadata": {"name": "one"}, "spec": {"size": 1}}
        assert changemes.create(body=body, namespace=namespace).spec.size == 1
        merge = "application/merge-patch+json"
        changed = changemes.patch(
            name="one", namespace=namespace, body={"spec": {"size": 3}}, content_type=merge
        )
        assert changed.spec.size == 3
        custom = client.CustomObjectsApi()
        listed = custom.list_namespaced_custom_object("apps.example.com", "v1", namespace, "changemes")
        assert [one["metadata"]["name"] for one in listed["items"]] == ["one"]
        try:
            broken = {**body, "metadata": {"name": "two"}, "spec": {"size": "large"}}
            changemes.create(body=broken, namespace=namespace)
            raise AssertionError("it was accepted")
        except ApiException as error:
            assert error.status == 422
    finally:
        definitions.delete(name="changemes.apps.example.com")


globals()[sys.argv[2]]()
