package org.cairnfs.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.cairnfs.core.Bytes;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.OperatorException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The command without a subcommand, and what all of them share. */
@Command(
    name = "cairn",
    description =
        "A distributed, encrypted, content-addressed filesystem that you mount as a directory.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = CairnCommand.Version.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Exit codes: 0 done, 1 failed, 2 called wrongly.",
      "The home is --home, else $CAIRN_HOME, else /var/lib/cairn for root and ~/.local/share/cairn for others."
    })
final class CairnCommand implements Runnable {
  private static final List<Class<?>> SUBCOMMANDS = List.of(
      InitCommand.class,
      StartCommand.class,
      StopCommand.class,
      MountCommand.class,
      UmountCommand.class,
      StatusCommand.class,
      PutCommand.class,
      GetCommand.class,
      LsCommand.class,
      RmCommand.class,
      PasswdCommand.class,
      InviteCommand.class,
      JoinCommand.class,
      PeersCommand.class,
      NodeCommand.class,
      VolumeCommand.class,
      VersionCommand.class,
      CommandLine.HelpCommand.class);

  /** What asks for a list of all subcommands. */
  private static final Set<String> HELP = Set.of("help", "--help", "-h");

  private final Console console;
  private final Map<String, String> environment;

  @Option(
      names = "--home",
      paramLabel = "DIR",
      scope = ScopeType.INHERIT,
      description = "The directory that holds the node's state.")
  private @Nullable Path home;

  @CommandLine.Spec
  private CommandLine.Model.@Nullable CommandSpec spec;

  private CairnCommand(Console console, Map<String, String> environment) {
    this.console = console;
    this.environment = environment;
  }

  /**
   * Runs the command that the arguments name and returns its exit code; what it printed is written
   * then, or it failed.
   */
  static int execute(List<String> arguments, Console console, Map<String, String> environment) {
    CommandLine line = new CommandLine(new CairnCommand(console, environment));
    subcommands(arguments).forEach(line::addSubcommand);
    int exitCode = line.registerConverter(
            Path.class, argument -> Path.of(RawArguments.text(argument)))
        .registerConverter(Bytes.class, RawArguments::bytes)
        .setExpandAtFiles(false)
        .setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8))
        .setParameterExceptionHandler((e, args) -> refuse(e, console))
        .setExecutionExceptionHandler((e, command, result) -> report(e, console))
        .execute(arguments.toArray(String[]::new));
    if (console.isWritten() || exitCode != Subcommand.OK) {
      return exitCode;
    }
    console.explain(new OperatorException(
        "standard output cannot be written", "Check the disk or the program that it leads to."));
    return OperatorException.FAILURE;
  }

  /**
   * Those that the arguments may mean. Looking at the options of all of them takes tenths of a
   * second in a JVM that has just started, and a mount starts two.
   */
  private static List<Class<?>> subcommands(List<String> arguments) {
    List<Class<?>> named = SUBCOMMANDS.stream()
        .filter(
            command -> arguments.contains(command.getAnnotation(Command.class).name()))
        .toList();
    return named.isEmpty() || arguments.stream().anyMatch(HELP::contains) ? SUBCOMMANDS : named;
  }

  private static int refuse(ParameterException e, Console console) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    console.explain(new OperatorException(
        RawArguments.text(String.valueOf(e.getMessage())), "See `" + command + " --help`."));
    return OperatorException.USAGE;
  }

  /** Tells of a command that failed, and returns its exit code. */
  static int report(Exception e, Console console) {
    if (e instanceof OperatorException failure) {
      console.explain(failure);
      return failure.exitCode();
    }
    console.explain(new OperatorException(
        "the command failed: " + e, "Please report this as a bug, with these lines."));
    e.printStackTrace(console.err());
    return OperatorException.FAILURE;
  }

  /** No subcommand: shows what there is, which is a wrong call. */
  @Override
  public void run() {
    throw new ParameterException(Objects.requireNonNull(spec).commandLine(), "no command given");
  }

  Console console() {
    return console;
  }

  Map<String, String> environment() {
    return environment;
  }

  /** The home that is meant. */
  Home home() {
    @Nullable Path named = home;
    return named == null ? Home.byDefault(environment) : Home.at(named);
  }

  /** Says which version this is. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"cairn " + org.cairnfs.node.Version.current()};
    }
  }
}
