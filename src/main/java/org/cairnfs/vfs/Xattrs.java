package org.cairnfs.vfs;

import java.util.List;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.Needs;
import org.jspecify.annotations.Nullable;

/** Extended attributes (xattr(7)). Thread-safe. */
final class Xattrs {
  private final MetaSession session;
  private final Committer committer;
  private final SealedNames names;

  Xattrs(MetaSession session, Committer committer, SealedNames names) {
    this.session = session;
    this.committer = committer;
    this.names = names;
  }

  byte @Nullable [] get(Needs needs, InodeNumber inode, Bytes name) {
    needs.read(inode);
    byte[] sealed = session.xattr(inode, names.sealXattrName(inode, name));
    return sealed == null
        ? null
        : names.openXattrValue(inode, name, new Bytes(sealed)).array();
  }

  List<Bytes> names(Needs needs, InodeNumber inode) {
    needs.read(inode);
    return session.xattrNames(inode).stream()
        .map(name -> names.openXattrName(inode, name))
        .toList();
  }

  void set(
      InodeNumber inode,
      Bytes name,
      Bytes value,
      boolean mustBeNew,
      boolean mustExist,
      Timestamp now) {
    Bytes sealedName = names.sealXattrName(inode, name);
    Bytes sealedValue = names.sealXattrValue(inode, name, value);
    committer.run(needs -> {
      needs.demand(inode);
      session.setXattr(inode, sealedName, sealedValue, mustBeNew, mustExist, now);
    });
  }

  void remove(InodeNumber inode, Bytes name, Timestamp now) {
    Bytes sealedName = names.sealXattrName(inode, name);
    committer.run(needs -> {
      needs.demand(inode);
      session.removeXattr(inode, sealedName, now);
    });
  }
}
