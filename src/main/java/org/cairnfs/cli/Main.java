package org.cairnfs.cli;

import java.util.List;
import java.util.Map;

/** The entry point of the command {@code cairn}. */
public final class Main {
  /** Runs one command and exits with its code. */
  public static void main(String[] arguments) {
    Console console = Console.ofProcess();
    List<String> raw = RawArguments.of(arguments);
    Map<String, String> environment = System.getenv();
    System.exit(CairnCommand.execute(raw, console, environment));
  }

  private Main() {}
}
