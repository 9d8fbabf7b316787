/**
 * What a node does in advance, so that the first programs find its code compiled. Touches nothing
 * that anybody keeps.
 */
@NullMarked
package org.cairnfs.node.rehearsal;

import org.jspecify.annotations.NullMarked;
