package org.cairnfs.vfs;

import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.meta.Inode;
import org.jspecify.annotations.Nullable;

/**
 * One name a directory listing yields.
 *
 * @param cookie pass it to the next {@code readDirectory} to go on after this entry; never 0
 * @param type FileMode type bits
 * @param attributes of the inode, if they were asked for and can be told; never of {@code .} and
 *     {@code ..}
 */
public record DirectoryEntry(
    Bytes name,
    InodeNumber inode,
    int type,
    long cookie,
    @Nullable Inode attributes) {}
