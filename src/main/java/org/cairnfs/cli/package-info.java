/**
 * The command {@code cairn}: what people and scripts say to a node, and what they hear back.
 *
 * <p>Single-threaded. May import node and the generated messages; the only importer of picocli and
 * of the progress bar. A command starts a JVM, so nothing heavier than it needs is loaded here: no
 * logging, no storage engine, no FUSE.
 */
@NullMarked
package org.cairnfs.cli;

import org.jspecify.annotations.NullMarked;
