package org.cairnfs.cli;

import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminReplication;
import org.cairnfs.proto.AdminVolumeRequest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows and sets how many copies of each blob the volume has. */
@Command(
    name = "volume",
    description = {
      "Show how many copies of its blobs the volume has; with options, set that, on all nodes.",
      "The nodes make the copies that are missing, or give up those that are too many, by themselves; cairn status shows how far they are."
    })
final class VolumeCommand extends Subcommand {
  @Option(
      names = "--replicas",
      paramLabel = "N",
      description =
          "Copies of each blob, on different nodes; 3 by default. all: one on every node. With fewer nodes than that, as many as there are nodes.")
  private @Nullable String replicas;

  @Option(
      names = "--write-quorum",
      paramLabel = "N",
      description =
          "Copies that are on disk when fsync returns; majority by default: more than half of the replicas. Nodes that are down are not waited for, but for a majority of the nodes. With 1, what was just written is lost with the disk of the node that wrote it.")
  private @Nullable String writeQuorum;

  @Override
  public Integer call() throws OperatorException {
    AdminVolumeRequest.Builder request = AdminVolumeRequest.newBuilder();
    if (replicas != null) {
      request.setReplicas(Copies.parse("--replicas", RawArguments.text(replicas), Copies.ALL));
    }
    if (writeQuorum != null) {
      request.setWriteQuorum(
          Copies.parse("--write-quorum", RawArguments.text(writeQuorum), Copies.MAJORITY));
    }
    AdminReplication replication;
    try (AdminClient client = AdminClient.connect(home())) {
      replication = client.volume(request.build());
    }
    console().println("Replicas     " + Copies.replicas(replication));
    console().println("Write quorum " + Copies.writeQuorum(replication));
    return OK;
  }
}
