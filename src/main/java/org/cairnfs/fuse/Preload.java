package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLongArray;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.vfs.Opened;
import org.cairnfs.vfs.Vfs;

/**
 * Puts a small file into the kernel's page cache while a program opens it to read it: its reads
 * then need no request, nor does the fstat(2) after them, which would ask for the new access time.
 *
 * <p>Only what the kernel does not have yet, as far as that is known here; what it has dropped
 * since, it asks for as usual. Thread-safe.
 */
final class Preload {
  /** A frame: what has to be decrypted for the first byte. */
  private static final int LIMIT_BYTES = 64 << 10;

  private static final int REMEMBERED = 1 << 13;

  private final Vfs vfs;
  private final AccessTimes accessTimes;
  private final KernelPages pages;

  /** The files the kernel got last, or a program made, each in a place that is its number's. */
  private final AtomicLongArray recent = new AtomicLongArray(REMEMBERED);

  /** The program that last had a file copied without reading it. */
  private volatile int copier;

  Preload(Vfs vfs, AccessTimes accessTimes, KernelPages pages) {
    this.vfs = vfs;
    this.accessTimes = accessTimes;
    this.pages = pages;
  }

  /** A program writes the file, so the kernel will have its pages. */
  void written(InodeNumber inode) {
    recent.lazySet(place(inode), inode.value());
  }

  /** A program had a file copied: what it opens next it is likely to have copied, too. */
  void copied(Request request) {
    copier = request.caller().pid();
  }

  /** The open being served is to be answered with {@code opened}, which is for reading only. */
  void opened(Request request, Opened opened, int flags) {
    InodeNumber inode = opened.inode().number();
    long size = opened.inode().sizeBytes();
    if (!opened.keepCache()
        || size == 0
        || size > LIMIT_BYTES
        || isKnown(inode)
        || request.caller().pid() == copier) {
      return;
    }
    ByteBuffer contents = request.answerBuffer(LIMIT_BYTES);
    try {
      boolean done = vfs.readUndisturbed(
          opened.handle(), contents, () -> pages.put(inode, request.answerVector()));
      if (done) {
        written(inode);
        accessTimes.read(inode, opened.handle(), flags);
      }
    } catch (PosixException e) {
      // the program is told when it reads
    }
  }

  private boolean isKnown(InodeNumber inode) {
    return recent.get(place(inode)) == inode.value();
  }

  private static int place(InodeNumber inode) {
    return (int) (inode.value() & (REMEMBERED - 1));
  }
}
