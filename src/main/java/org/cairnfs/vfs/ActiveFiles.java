package org.cairnfs.vfs;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.MetaSession;
import org.jspecify.annotations.Nullable;

/**
 * The files that are open or pending, by inode; everything else has no state here, however many
 * files there are.
 *
 * <p>Thread-safe. {@link #lockFor} makes opening exclude removing: whoever removes an inode's last
 * name must know whether it is open.
 */
final class ActiveFiles {
  private static final int STRIPES = 64;

  private final ConcurrentHashMap<InodeNumber, ActiveFile> files = new ConcurrentHashMap<>();
  private final Lock[] stripes = new Lock[STRIPES];
  private final MetaSession session;
  private final BlockStore blobs;
  private final BufferPool buffers;
  private final StrayBlobs strays;
  private final Touched touched;

  ActiveFiles(
      MetaSession session,
      BlockStore blobs,
      BufferPool buffers,
      StrayBlobs strays,
      Touched touched) {
    this.strays = strays;
    this.touched = touched;
    this.session = session;
    this.blobs = blobs;
    this.buffers = buffers;
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new ReentrantLock();
    }
  }

  /** The lock that opening, closing and removing this inode take. */
  Lock lockFor(InodeNumber inode) {
    return stripes[(int) Long.remainderUnsigned(inode.value(), STRIPES)];
  }

  /** The file's state, made if need be, with one more handle; {@link #release} gives it back. */
  ActiveFile acquire(InodeNumber inode) {
    ActiveFile active = files.compute(inode, (number, known) -> {
      ActiveFile file =
          known != null ? known : new ActiveFile(number, session, blobs, buffers, strays);
      file.handles++;
      return file;
    });
    return Objects.requireNonNull(active);
  }

  /** One handle less. */
  void release(ActiveFile file) {
    files.computeIfPresent(file.number(), (number, known) -> {
      known.handles--;
      return retained(known);
    });
  }

  /** Forgets the file if it is neither open nor pending. */
  void retire(ActiveFile file) {
    files.computeIfPresent(file.number(), (number, known) -> retained(known));
  }

  @Nullable
  ActiveFile find(InodeNumber inode) {
    return files.get(inode);
  }

  /** Whether anybody has it open; exact while {@link #lockFor} is held. */
  boolean isOpen(InodeNumber inode) {
    return handles(inode) > 0;
  }

  /** Whether it is open, and only once; while {@link #lockFor} is held nobody else opens it. */
  boolean isOpenOnce(InodeNumber inode) {
    return handles(inode) == 1;
  }

  private int handles(InodeNumber inode) {
    int[] handles = new int[1];
    files.computeIfPresent(inode, (number, known) -> {
      handles[0] = known.handles;
      return known;
    });
    return handles[0];
  }

  /** Everything anybody has open; exact about what was opened, or closed, before the call. */
  List<InodeNumber> openInodes() {
    return files.keySet().stream().filter(this::isOpen).toList();
  }

  /** Whether the metadata knows the inode. */
  boolean exists(InodeNumber inode) {
    try {
      return session.inode(inode) != null;
    } catch (PosixException e) {
      return e.errno() != Errno.ENOENT;
    }
  }

  /** The attributes as programs are to see them. */
  Inode attributes(InodeNumber inode) {
    ActiveFile active = files.get(inode);
    return touched.shown(active != null ? active.attributes() : session.inode(inode));
  }

  private static @Nullable ActiveFile retained(ActiveFile file) {
    return file.handles > 0 || file.isPending() ? file : null;
  }
}
