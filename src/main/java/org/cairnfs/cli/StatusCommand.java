package org.cairnfs.cli;

import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows what the node does and holds. */
@Command(name = "status", description = "Show the node, its mounts, and what the volume holds.")
final class StatusCommand extends Subcommand {
  @Option(names = "--json", description = "As JSON, for programs; docs/cli.md describes it.")
  private boolean json;

  @Override
  public Integer call() throws OperatorException {
    AdminStatus status;
    try (AdminClient client = AdminClient.connect(home())) {
      status = client.status();
    }
    console().println(json ? StatusJson.format(status) : StatusText.format(status));
    return OK;
  }
}
