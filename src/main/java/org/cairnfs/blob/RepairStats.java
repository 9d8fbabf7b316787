package org.cairnfs.blob;

/**
 * How the blobs fare that this node knows of, for the status. What is amiss counts as the last walk
 * left it until the next one has come to its end, or has found more.
 *
 * @param missing blobs that placement wants here, were not here when the walk came by and have not
 *     been fetched since
 * @param fetched blobs that the walk under way, or the last one, has fetched
 * @param underReplicated blobs that have fewer copies than they should, as far as this node knows:
 *     not here though wanted here, or wanted on a node that is down, or to which they did not get
 *     when they were written here
 * @param unavailable blobs wanted here of which no live node gave an intact copy
 * @param surplus blobs kept here that placement wants elsewhere only, as far as the walk under way,
 *     or the last one, has found; a draining node may go when a whole walk has found none
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
