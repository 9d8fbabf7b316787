package org.cairnfs.blob;

/**
 * How the blobs fare that this node knows of, for the status: as the walk under way has found so
 * far, or the last one at its end.
 *
 * @param missing blobs that placement wants here and that were not here when the walk came by
 * @param fetched those of them that have been fetched since
 * @param underReplicated blobs that have fewer copies than they should, as far as this node knows:
 *     not here though wanted here, or wanted on a node that is down, or to which they did not get
 *     when they were written here
 * @param unavailable blobs wanted here of which no live node gave an intact copy
 * @param surplus blobs kept here that placement wants elsewhere only; a draining node may go when
 *     there are none
 * @param walks complete walks since the start
 * @param walking whether a walk is under way
 */
public record RepairStats(
    long missing,
    long fetched,
    long underReplicated,
    long unavailable,
    long surplus,
    long walks,
    boolean walking) {}
