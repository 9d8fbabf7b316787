package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.Timestamp;
import org.jspecify.annotations.Nullable;

/**
 * A tree of files on the heap, written for clarity: what the metadata is compared with. Content is
 * cells of blob names.
 */
final class ModelTree {
  /** A file's content is compared in pieces of this size. */
  static final int CELL_BYTES = 64 << 10;

  static final class Node {
    final long number;
    final boolean directory;
    int permissions;
    int links;
    Timestamp modified;
    Timestamp changed;
    final TreeMap<String, Node> entries = new TreeMap<>();

    @Nullable
    Node parent;

    long cells;
    final TreeMap<Long, Long> content = new TreeMap<>();
    final TreeMap<String, String> xattrs = new TreeMap<>();

    Node(long number, boolean directory, Timestamp now) {
      this.number = number;
      this.directory = directory;
      this.modified = now;
      this.changed = now;
      this.links = directory ? 2 : 1;
    }

    void touch(Timestamp now) {
      changed = Timestamp.max(changed, now);
    }

    private void touchEntries(Timestamp now) {
      modified = now;
      touch(now);
    }
  }

  final Map<Long, Node> nodes = new HashMap<>();
  final Node root;

  ModelTree(Timestamp now) {
    root = new Node(1, true, now);
    root.parent = root;
    nodes.put(1L, root);
  }

  /** Directories that still have a name, or files that exist, in a fixed order. */
  List<Node> list(boolean directories) {
    List<Node> found = new ArrayList<>();
    for (long number : new TreeMap<>(nodes).keySet()) {
      Node node = nodes.get(number);
      if (node.directory == directories) {
        found.add(node);
      }
    }
    return found;
  }

  @Nullable
  Errno create(Node parent, String name, long number, boolean directory, Timestamp now) {
    if (parent.links == 0) {
      return Errno.ENOENT;
    }
    if (parent.entries.containsKey(name)) {
      return Errno.EEXIST;
    }
    Node node = new Node(number, directory, now);
    node.parent = directory ? parent : null;
    node.permissions = 0640;
    parent.links += directory ? 1 : 0;
    parent.entries.put(name, node);
    parent.touchEntries(now);
    nodes.put(number, node);
    return null;
  }

  @Nullable
  Errno link(Node node, Node parent, String name, Timestamp now) {
    if (parent.links == 0) {
      return Errno.ENOENT;
    }
    if (parent.entries.containsKey(name)) {
      return Errno.EEXIST;
    }
    if (node.directory) {
      return Errno.EPERM;
    }
    if (node.links == 0) {
      return Errno.ENOENT;
    }
    node.links++;
    node.touch(now);
    parent.entries.put(name, node);
    parent.touchEntries(now);
    return null;
  }

  @Nullable
  Errno remove(Node parent, String name, boolean directory, boolean keep, Timestamp now) {
    Node node = parent.entries.get(name);
    if (node == null) {
      return Errno.ENOENT;
    }
    if (node.directory != directory) {
      return directory ? Errno.ENOTDIR : Errno.EISDIR;
    }
    if (!node.entries.isEmpty()) {
      return Errno.ENOTEMPTY;
    }
    parent.entries.remove(name);
    parent.links -= directory ? 1 : 0;
    parent.touchEntries(now);
    drop(node, keep, now);
    return null;
  }

  private void drop(Node node, boolean keep, Timestamp now) {
    node.links = node.directory ? 0 : node.links - 1;
    node.touch(now);
    if (node.links == 0 && !keep) {
      nodes.remove(node.number);
    }
  }

  void forget(Node node) {
    if (node.links == 0) {
      nodes.remove(node.number);
    }
  }

  @Nullable
  Errno rename(Node from, String name, Node to, String newName, boolean keep, Timestamp now) {
    if (to.links == 0) {
      return Errno.ENOENT;
    }
    Node node = from.entries.get(name);
    if (node == null) {
      return Errno.ENOENT;
    }
    Node target = to.entries.get(newName);
    if (target == node) {
      return null;
    }
    for (Node at = to; node.directory; at = at.parent) {
      if (at == node) {
        return Errno.EINVAL;
      }
      if (at == root) {
        break;
      }
    }
    if (target != null && target.directory != node.directory) {
      return target.directory ? Errno.EISDIR : Errno.ENOTDIR;
    }
    if (target != null && !target.entries.isEmpty()) {
      return Errno.ENOTEMPTY;
    }
    from.entries.remove(name);
    to.entries.put(newName, node);
    from.touchEntries(now);
    to.touchEntries(now);
    if (node.directory) {
      from.links--;
      to.links++;
      node.parent = to;
    }
    node.touch(now);
    if (target != null) {
      to.links -= target.directory ? 1 : 0;
      drop(target, keep, now);
    }
    return null;
  }

  void resize(Node file, long cells, Timestamp now) {
    file.content.tailMap(cells, true).clear();
    file.cells = cells;
    file.modified = now;
    file.touch(now);
  }

  void punch(Node file, long from, long to, Timestamp now) {
    file.content.subMap(from, to).clear();
    file.modified = now;
    file.touch(now);
  }

  void write(Node file, long from, long to, long blob, Timestamp now) {
    for (long cell = from; cell < to; cell++) {
      // The blob's own cells are numbered, so that a shifted extent shows.
      file.content.put(cell, blob * 1000 + (cell - from));
    }
    file.cells = Math.max(file.cells, to);
    file.modified = now;
    file.touch(now);
  }

  static int mode(Node node) {
    return (node.directory ? FileMode.DIRECTORY : FileMode.REGULAR) | node.permissions;
  }
}
