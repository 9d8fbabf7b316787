package org.cairnfs.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The entry point of the command {@code cairn}. */
public final class Main {
  /** Runs one command and exits with its code. */
  public static void main(String[] arguments) {
    Console console = Console.ofProcess();
    List<String> raw = RawArguments.of(arguments);
    @Nullable SpawnedNode node = SpawnedNode.of(raw);
    System.exit(
        node == null ? CairnCommand.execute(raw, console, System.getenv()) : node.run(console));
  }

  private Main() {}
}
