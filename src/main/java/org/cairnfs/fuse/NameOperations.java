package org.cairnfs.fuse;

import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.fuse.Callbacks.PPP;
import org.cairnfs.fuse.Callbacks.PPPI;
import org.cairnfs.fuse.Callbacks.PPPIP;
import org.cairnfs.fuse.Callbacks.PPPP;
import org.cairnfs.fuse.Callbacks.PPPPP;
import org.cairnfs.fuse.OperationTable.Slot;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.Vfs;

/** The operations on names in directories. */
final class NameOperations {
  /** What NFS export and open_by_handle_at(2) look up to find a directory again, and its parent. */
  private static final Bytes SELF = new Bytes(new byte[] {'.'});

  private static final Bytes PARENT = new Bytes(new byte[] {'.', '.'});

  private final Vfs vfs;

  NameOperations(Vfs vfs) {
    this.vfs = vfs;
  }

  void register(OperationTable table) {
    table.set(
        Slot.LOOKUP,
        PPP.class,
        (req, parent, name) -> Boundary.serve(req, request -> lookup(request, parent, name)));
    table.set(
        Slot.MKNOD,
        PPPIP.class,
        (req, parent, name, mode, device) ->
            Boundary.serve(req, request -> makeNode(request, parent, name, mode, (int) device)));
    table.set(
        Slot.MKDIR,
        PPPI.class,
        (req, parent, name, mode) -> Boundary.serve(
            req,
            request -> makeNode(
                request, parent, name, (mode & FileMode.PERMISSION_MASK) | FileMode.DIRECTORY, 0)));
    table.set(
        Slot.UNLINK,
        PPP.class,
        (req, parent, name) -> Boundary.serve(req, request -> unlink(request, parent, name)));
    table.set(
        Slot.RMDIR,
        PPP.class,
        (req, parent, name) ->
            Boundary.serve(req, request -> removeDirectory(request, parent, name)));
    table.set(
        Slot.SYMLINK,
        PPPP.class,
        (req, target, parent, name) ->
            Boundary.serve(req, request -> makeSymlink(request, target, parent, name)));
    table.set(
        Slot.RENAME,
        PPPPP.class,
        (req, parent, name, newParent, newName) ->
            Boundary.serve(req, request -> rename(request, parent, name, newParent, newName)));
    table.set(
        Slot.LINK,
        PPPP.class,
        (req, inode, newParent, newName) ->
            Boundary.serveFound(req, request -> link(request, inode, newParent, newName)));
  }

  private void lookup(Request request, long parent, long nameAddress) {
    InodeNumber directory = new InodeNumber(parent);
    Bytes name = NativeMemory.getName(nameAddress);
    Inode found;
    if (name.equals(SELF)) {
      found = vfs.attributes(directory);
    } else if (name.equals(PARENT)) {
      found = parentOf(directory);
    } else {
      try {
        found = vfs.lookup(directory, name);
      } catch (PosixException absent) {
        if (absent.errno() != Errno.ENOENT) {
          throw absent;
        }
        request.absent();
        return;
      }
    }
    request.entry(found);
  }

  private Inode parentOf(InodeNumber directory) {
    InodeNumber parent = vfs.attributes(directory).parent();
    if (parent == null) {
      throw new PosixException(Errno.ENOTDIR, "the parent of " + directory);
    }
    return vfs.attributes(parent);
  }

  private void makeNode(Request request, long parent, long name, int mode, int device) {
    request.entry(vfs.makeNode(
        request.caller(), new InodeNumber(parent), NativeMemory.getName(name), mode, device));
  }

  private void makeSymlink(Request request, long targetAddress, long parent, long name) {
    Bytes target =
        NativeMemory.getString(targetAddress, Limits.SYMLINK_MAX_BYTES, Errno.ENAMETOOLONG);
    request.entry(vfs.makeSymlink(
        request.caller(), new InodeNumber(parent), NativeMemory.getName(name), target));
  }

  private void link(Request request, long inode, long newParent, long newName) {
    request.entry(vfs.link(
        new InodeNumber(inode), new InodeNumber(newParent), NativeMemory.getName(newName)));
  }

  private void unlink(Request request, long parent, long name) {
    vfs.unlink(new InodeNumber(parent), NativeMemory.getName(name));
    request.done();
  }

  private void removeDirectory(Request request, long parent, long name) {
    vfs.removeDirectory(new InodeNumber(parent), NativeMemory.getName(name));
    request.done();
  }

  private void rename(Request request, long parent, long name, long newParent, long newName) {
    vfs.rename(
        new InodeNumber(parent),
        NativeMemory.getName(name),
        new InodeNumber(newParent),
        NativeMemory.getName(newName));
    request.done();
  }
}
