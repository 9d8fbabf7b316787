package org.cairnfs.vfs;

import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;

/**
 * One name a directory listing yields.
 *
 * @param cookie pass it to the next {@code readDirectory} to go on after this entry; never 0
 * @param type FileMode type bits
 */
public record DirectoryEntry(Bytes name, InodeNumber inode, int type, long cookie) {}
