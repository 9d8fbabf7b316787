package org.cairnfs.cli;

import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminNodeRequest;
import org.cairnfs.proto.AdminPeer;
import org.cairnfs.proto.AdminRequest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** Changes what a node is to its cluster. */
@Command(name = "node", description = "Take a node out of the cluster: drain it, then remove it.")
final class NodeCommand extends Subcommand {
  private static final int LOOK_EVERY_MILLIS = 500;

  @CommandLine.Spec
  private CommandLine.Model.@Nullable CommandSpec spec;

  /** Neither of the two: a wrong call. */
  @Override
  public Integer call() {
    throw new ParameterException(Objects.requireNonNull(spec).commandLine(), "no action given");
  }

  @Command(
      name = "drain",
      description = {
        "Have a node give its blobs to others, and return when it has.",
        "It gets no new ones meanwhile, and keeps serving. ^C leaves it draining."
      })
  int drain(
      @Parameters(paramLabel = "ID", description = "The node's id, or the beginning of it.")
          String id,
      @Option(
              names = "--undo",
              description = "Let it have blobs again, whether it was drained or not.")
          boolean undo,
      @Option(names = "--no-wait", description = "Return at once; cairn peers shows how far it is.")
          boolean noWait,
      @Mixin HelpOption help)
      throws OperatorException {
    String node =
        change(id, undo ? AdminNodeRequest.Change.UNDO_DRAIN : AdminNodeRequest.Change.DRAIN);
    if (undo) {
      console().println("Node " + node + " keeps blobs again.");
    } else if (!noWait) {
      awaitDrained(node);
      console().println("Node " + node + " is drained. Next: cairn node remove " + node);
    }
    return OK;
  }

  @Command(
      name = "remove",
      description = {
        "Send a node away, for good: its connections are cut and its key is refused.",
        "What only it had is lost, so drain it first if it can still be reached."
      })
  int remove(
      @Parameters(paramLabel = "ID", description = "The node's id, or the beginning of it.")
          String id,
      @Mixin HelpOption help)
      throws OperatorException {
    String node = change(id, AdminNodeRequest.Change.REMOVE);
    console().println("Node " + node + " was removed.");
    return OK;
  }

  /** Returns the node's id in full. */
  private String change(String id, AdminNodeRequest.Change change) throws OperatorException {
    try (AdminClient client = AdminClient.connect(home())) {
      return client
          .call(AdminRequest.newBuilder()
              .setNode(
                  AdminNodeRequest.newBuilder().setNode(RawArguments.text(id)).setChange(change)))
          .getNotice();
    }
  }

  private void awaitDrained(String node) throws OperatorException {
    long shown = -1;
    while (true) {
      AdminPeer peer = find(node);
      if (!peer.getLive()) {
        throw new OperatorException(
            "node " + node + " is down: it cannot give its blobs away",
            "Start it, or remove it: the others then make new copies of what they have.");
      }
      long left = peer.getBlobsToMove();
      if (peer.hasBlobsToMove() && left == 0) {
        return;
      }
      if (peer.hasBlobsToMove() && left != shown && console().errIsTerminal()) {
        console().note(left + " blobs left to move");
        shown = left;
      }
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new OperatorException("interrupted", "The node goes on draining.", e);
      }
    }
  }

  private AdminPeer find(String node) throws OperatorException {
    try (AdminClient client = AdminClient.connect(home())) {
      Optional<AdminPeer> found = client.peers().getPeersList().stream()
          .filter(peer -> peer.getNodeId().equals(node))
          .findFirst();
      return found.orElseThrow(() -> new OperatorException(
          "node " + node + " is no longer in the cluster", "Somebody has removed it."));
    }
  }
}
