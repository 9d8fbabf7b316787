package org.cairnfs.fuse;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.fuse.Callbacks.PPP;
import org.cairnfs.fuse.Callbacks.PPPP;
import org.cairnfs.fuse.Callbacks.PPPPPI;
import org.cairnfs.fuse.OperationTable.Slot;
import org.cairnfs.vfs.Vfs;

/**
 * The operations on extended attributes (xattr(7)).
 *
 * <p>A name outside the namespaces there are is refused, as other filesystems do, and so is
 * {@code system.}: it means access control lists, and to keep one that nobody enforces would be a
 * lie. EOPNOTSUPP is what programs that copy attributes expect then.
 */
final class XattrOperations {
  /** Longest list of names (XATTR_LIST_MAX of limits.h). */
  static final int LIST_MAX_BYTES = 64 << 10;

  private static final int XATTR_CREATE = 1;
  private static final int XATTR_REPLACE = 2;
  private static final List<Bytes> NAMESPACES =
      Stream.of("user.", "trusted.", "security.").map(XattrOperations::bytes).toList();

  private final Vfs vfs;

  XattrOperations(Vfs vfs) {
    this.vfs = vfs;
  }

  void register(OperationTable table) {
    table.set(
        Slot.GETXATTR,
        PPPP.class,
        (req, inode, name, size) ->
            Boundary.serveFound(req, request -> get(request, inode, name, size)));
    table.set(
        Slot.LISTXATTR,
        PPP.class,
        (req, inode, size) -> Boundary.serveFound(req, request -> list(request, inode, size)));
    table.set(
        Slot.SETXATTR,
        PPPPPI.class,
        (req, inode, name, value, size, flags) ->
            Boundary.serveFound(req, request -> set(request, inode, name, value, size, flags)));
    table.set(
        Slot.REMOVEXATTR,
        PPP.class,
        (req, inode, name) -> Boundary.serveFound(req, request -> remove(request, inode, name)));
  }

  private void get(Request request, long inode, long name, long size) {
    byte[] value = vfs.xattr(new InodeNumber(inode), attributeName(name));
    if (value == null) {
      throw new PosixException(Errno.ENODATA, "no such attribute");
    }
    answer(request, value, size);
  }

  private void list(Request request, long inode, long size) {
    List<Bytes> names = vfs.xattrNames(new InodeNumber(inode));
    long total = 0;
    for (Bytes name : names) {
      total += name.length() + 1L;
    }
    if (total > LIST_MAX_BYTES) {
      throw new PosixException(Errno.E2BIG, "names of " + total + " bytes");
    }
    byte[] list = new byte[(int) total];
    int end = 0;
    for (Bytes name : names) {
      System.arraycopy(name.array(), 0, list, end, name.length());
      end += name.length() + 1;
    }
    answer(request, list, size);
  }

  private void set(Request request, long inode, long name, long value, long size, int flags) {
    if (size > Limits.XATTR_VALUE_MAX_BYTES) {
      throw new PosixException(Errno.E2BIG, "a value of " + size + " bytes");
    }
    vfs.setXattr(
        new InodeNumber(inode),
        attributeName(name),
        new Bytes(NativeMemory.getBytes(value, (int) size)),
        (flags & XATTR_CREATE) != 0,
        (flags & XATTR_REPLACE) != 0);
    request.done();
  }

  private void remove(Request request, long inode, long name) {
    vfs.removeXattr(new InodeNumber(inode), attributeName(name));
    request.done();
  }

  /** Size 0 asks how long the answer is; a size too small for it is ERANGE (getxattr(2)). */
  private static void answer(Request request, byte[] value, long size) {
    if (size == 0) {
      request.dataSize(value.length);
    } else if (size < value.length) {
      throw new PosixException(Errno.ERANGE, value.length + " bytes do not fit into " + size);
    } else {
      request.data(value);
    }
  }

  private static Bytes attributeName(long address) {
    Bytes name = NativeMemory.getString(address, Limits.XATTR_NAME_MAX_BYTES, Errno.ERANGE);
    if (NAMESPACES.stream().noneMatch(namespace -> beginsWith(name, namespace))) {
      throw new PosixException(Errno.EOPNOTSUPP, "an attribute in another namespace");
    }
    return name;
  }

  private static boolean beginsWith(Bytes name, Bytes prefix) {
    int length = prefix.length();
    return name.length() >= length
        && Arrays.equals(name.array(), 0, length, prefix.array(), 0, length);
  }

  private static Bytes bytes(String text) {
    return new Bytes(text.getBytes(StandardCharsets.US_ASCII));
  }
}
