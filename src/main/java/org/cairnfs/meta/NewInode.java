package org.cairnfs.meta;

import org.cairnfs.core.Bytes;
import org.cairnfs.core.Timestamp;
import org.jspecify.annotations.Nullable;

/**
 * What a new inode begins with.
 *
 * @param mode type and permission bits, umask already applied
 * @param device for device nodes, else 0
 * @param symlinkTarget sealed target, for symlinks, else null
 * @param symlinkTargetBytes length of the plain target (st_size), else 0
 * @param now its three times, and the parent's mtime and ctime
 */
public record NewInode(
    int mode,
    int uid,
    int gid,
    int device,
    @Nullable Bytes symlinkTarget,
    int symlinkTargetBytes,
    Timestamp now) {}
