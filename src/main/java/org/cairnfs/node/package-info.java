/**
 * One Cairn service on one host: its home, its configuration, the composition of all layers, its
 * life cycle, its mounts.
 *
 * <p>The only place that wires the layers together. May import every layer below cli; the only
 * importer of Logback. What is thread-safe says so; the rest belongs to the thread that starts the
 * node.
 */
@NullMarked
package org.cairnfs.node;

import org.jspecify.annotations.NullMarked;
