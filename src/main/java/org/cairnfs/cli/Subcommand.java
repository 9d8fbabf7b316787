package org.cairnfs.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.cairnfs.node.home.Home;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** What every subcommand is: a call with an exit code, and a way to the options before it. */
abstract class Subcommand implements Callable<Integer> {
  static final int OK = 0;

  @ParentCommand
  private @Nullable CairnCommand parent;

  @Mixin
  HelpOption help = new HelpOption();

  final Console console() {
    return Objects.requireNonNull(parent).console();
  }

  final Home home() {
    return Objects.requireNonNull(parent).home();
  }

  final CairnCommand cairn() {
    return Objects.requireNonNull(parent);
  }
}
