"""A Ray cluster of two machines on this one, in a process of its own: prints its address, then obeys lines of stdin.

`remove`: the second machine is lost. `end`: all is.
"""

import os
import sys

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}


def main() -> None:
    from ray.cluster_utils import Cluster

    store = 100 * 2**20
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "include_dashboard": False, "object_store_memory": store},
    )
    second = cluster.add_node(num_cpus=2, object_store_memory=store)
    cluster.wait_for_nodes()
    print(cluster.address, flush=True)
    for line in sys.stdin:
        if line.strip() == "remove":
            cluster.remove_node(second, allow_graceful=False)
            print("removed", flush=True)
        else:
            break
    cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
