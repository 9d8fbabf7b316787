package org.cairnfs.vfs;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.Touch;

/**
 * What was read lately, and is to have a new access time that the metadata does not know yet.
 * Thread-safe.
 */
final class Touched {
  private final ConcurrentHashMap<InodeNumber, Touch> touches = new ConcurrentHashMap<>();

  void add(Touch touch) {
    touches.merge(touch.inode(), touch, Touch::then);
  }

  /** The metadata knows it, or never will. */
  void remove(Touch touch) {
    boolean unused = touches.remove(touch.inode(), touch);
  }

  List<Touch> all() {
    return List.copyOf(touches.values());
  }

  int count() {
    return touches.size();
  }

  /** The inode, as the metadata has it, with the access time that programs are to see. */
  Inode shown(Inode inode) {
    if (touches.isEmpty()) {
      return inode;
    }
    Touch touch = touches.get(inode.number());
    return touch == null ? inode : touch.on(inode);
  }
}
