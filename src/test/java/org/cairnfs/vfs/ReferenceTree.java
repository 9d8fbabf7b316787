package org.cairnfs.vfs;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/**
 * A filesystem as simple as can be, to hold the real one against: objects and arrays, whole paths
 * of one-letter names.
 */
final class ReferenceTree {
  /** A file or a directory. */
  static final class Node {
    final boolean directory;
    final Map<String, Node> children = new TreeMap<>();
    byte[] content = new byte[0];
    int links = 1;

    Node(boolean directory) {
      this.directory = directory;
    }

    /** st_nlink. */
    int linkCount() {
      return directory
          ? 2
              + (int)
                  children.values().stream().filter(child -> child.directory).count()
          : links;
    }

    void write(int offset, byte[] bytes) {
      if (content.length < offset + bytes.length) {
        content = Arrays.copyOf(content, offset + bytes.length);
      }
      System.arraycopy(bytes, 0, content, offset, bytes.length);
    }

    void truncate(int size) {
      content = Arrays.copyOf(content, size);
    }

    void punch(int offset, int length) {
      if (offset < content.length) {
        Arrays.fill(content, offset, Math.min(content.length, offset + length), (byte) 0);
      }
    }
  }

  final Node root = new Node(true);

  @Nullable
  Node find(Node directory, String name) {
    return directory.children.get(name);
  }

  Node create(Node directory, String name, boolean isDirectory) {
    if (directory.children.containsKey(name)) {
      throw error(Errno.EEXIST);
    }
    Node node = new Node(isDirectory);
    directory.children.put(name, node);
    return node;
  }

  void link(Node file, Node directory, String name) {
    if (directory.children.containsKey(name)) {
      throw error(Errno.EEXIST);
    }
    if (file.directory) {
      throw error(Errno.EPERM);
    }
    file.links++;
    directory.children.put(name, file);
  }

  void unlink(Node directory, String name) {
    Node node = require(directory, name);
    if (node.directory) {
      throw error(Errno.EISDIR);
    }
    directory.children.remove(name);
    node.links--;
  }

  void removeDirectory(Node directory, String name) {
    Node node = require(directory, name);
    if (!node.directory) {
      throw error(Errno.ENOTDIR);
    }
    if (!node.children.isEmpty()) {
      throw error(Errno.ENOTEMPTY);
    }
    directory.children.remove(name);
  }

  void rename(Node from, String name, Node to, String newName) {
    Node node = require(from, name);
    if (node.directory && isWithin(to, node)) {
      throw error(Errno.EINVAL);
    }
    Node replaced = to.children.get(newName);
    if (replaced == node) {
      return;
    }
    if (replaced != null) {
      if (node.directory && !replaced.directory) {
        throw error(Errno.ENOTDIR);
      }
      if (!node.directory && replaced.directory) {
        throw error(Errno.EISDIR);
      }
      if (!replaced.children.isEmpty()) {
        throw error(Errno.ENOTEMPTY);
      }
      replaced.links--;
    }
    from.children.remove(name);
    to.children.put(newName, node);
  }

  private boolean isWithin(Node node, Node ancestor) {
    return node == ancestor
        || ancestor.children.values().stream().anyMatch(child -> isWithin(node, child));
  }

  private static Node require(Node directory, String name) {
    Node node = directory.children.get(name);
    if (node == null) {
      throw error(Errno.ENOENT);
    }
    return node;
  }

  private static PosixException error(Errno errno) {
    return new PosixException(errno, "reference");
  }
}
