package org.cairnfs.cli;

import org.cairnfs.node.Version;
import picocli.CommandLine.Command;

/** Shows the version. */
@Command(name = "version", description = "Show the version of Cairn and of Java.")
final class VersionCommand extends Subcommand {
  @Override
  public Integer call() {
    console().println("cairn " + Version.current() + " (Java " + Runtime.version() + ")");
    return OK;
  }
}
