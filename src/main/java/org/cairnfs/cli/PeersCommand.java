package org.cairnfs.cli;

import java.util.List;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminPeer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows the nodes of the cluster. */
@Command(name = "peers", description = "Show the nodes of the cluster, as this one sees them.")
final class PeersCommand extends Subcommand {
  @Option(names = "--json", description = "As JSON, for programs; docs/cli.md describes it.")
  private boolean json;

  @Override
  public Integer call() throws OperatorException {
    List<AdminPeer> peers;
    try (AdminClient client = AdminClient.connect(home())) {
      peers = client.peers().getPeersList();
    }
    console().println(json ? PeersOutput.json(peers) : PeersOutput.text(peers));
    return OK;
  }
}
