"""Which images belong together: a union of everything that shares a patient or a picture. Pure.

Nodes are text keys. A group has at most one use; joining two groups of different uses is refused, because a
use that was given once never changes.
"""

from collections.abc import Iterable


class Groups:
    """A forest of nodes with a use and the stored clusters at each root."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._members: dict[str, set[str]] = {}
        self._use: dict[str, str] = {}
        self._clusters: dict[str, set[int]] = {}

    def add(self, node: str, *, cluster: int | None = None, use: str = "") -> None:
        """Make a node known; with the stored cluster it belongs to, when there is one."""
        if node not in self._parent:
            self._parent[node] = node
            self._members[node] = {node}
        root = self._root(node)
        if cluster is not None:
            self._clusters.setdefault(root, set()).add(cluster)
            self._use[root] = use

    def join(self, nodes: Iterable[str]) -> bool:
        """Make one group of the groups of `nodes`; False, and nothing done, when their uses differ."""
        roots = sorted({self._root(node) for node in nodes})
        uses = {self._use[root] for root in roots if root in self._use}
        if len(uses) > 1:
            return False
        first = roots[0]
        for root in roots[1:]:
            self._parent[root] = first
            self._members[first] |= self._members.pop(root)
            self._clusters.setdefault(first, set()).update(self._clusters.pop(root, set()))
            self._use.pop(root, None)
        if uses:
            self._use[first] = uses.pop()
        return True

    def claim(self, node: str, use: str) -> bool:
        """Give the node's group a use; False when it has another one."""
        return self._use.setdefault(self._root(node), use) == use

    def use_of(self, node: str) -> str:
        """The use of the node's group; empty when none was given yet."""
        return self._use.get(self._root(node), "")

    def members(self, node: str) -> frozenset[str]:
        """All nodes of the node's group."""
        return frozenset(self._members[self._root(node)])

    def cluster(self, node: str) -> int | None:
        """The stored cluster of the node's group (the oldest, when there are several)."""
        return min(self._clusters.get(self._root(node), set()), default=None)

    def _root(self, node: str) -> str:
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node
