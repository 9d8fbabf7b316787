package org.cairnfs.meta;

import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of one inode (inode(7)).
 *
 * @param mode type and permission bits
 * @param links hard links; a directory has 2 and one per subdirectory
 * @param sizeBytes length of a regular file; bytes of the plain target for a symlink; number of
 *     entries for a directory
 * @param allocatedBytes bytes of the file that extents cover; the rest of its size is holes
 * @param device st_rdev of a device node as Linux encodes it, 0 otherwise
 * @param parent the directory a directory is in (the root: itself); null for anything else
 * @param symlinkTarget sealed target of a symlink; null for anything else
 */
public record Inode(
    InodeNumber number,
    int mode,
    int uid,
    int gid,
    int links,
    long sizeBytes,
    long allocatedBytes,
    int device,
    Timestamp accessed,
    Timestamp modified,
    Timestamp changed,
    @Nullable InodeNumber parent,
    @Nullable Bytes symlinkTarget) {
  Inode withAccessed(Timestamp time) {
    return new Inode(
        number,
        mode,
        uid,
        gid,
        links,
        sizeBytes,
        allocatedBytes,
        device,
        time,
        modified,
        changed,
        parent,
        symlinkTarget);
  }
}
