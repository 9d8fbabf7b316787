package org.cairnfs.node;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import java.util.List;
import org.cairnfs.node.home.Home;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the node's log goes: files in the home that together have a bounded size. Set up in code,
 * which starts faster than XML.
 */
public final class NodeLogging {
  private static final long FILE_MAX_BYTES = 8 << 20;
  private static final int OLD_FILES_MAX = 4;
  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSX,UTC} %-5level [%thread] %logger{20}: %msg%n";

  /**
   * Parts of the Raft library that warn of every node that cannot be reached, again and again. What
   * comes of it, the metadata log says itself.
   */
  private static final List<String> EXCITABLE = List.of(
      "org.apache.ratis.server.RaftServer$Division",
      "org.apache.ratis.server.impl",
      "org.apache.ratis.server.leader");

  /** Says that there is no management server, which is as it should be. */
  private static final String MANAGEMENT = "org.apache.ratis.util.JmxRegister";

  /**
   * Logs into the home from now on.
   *
   * @param consoleToo whether to standard error too
   */
  static void start(Home home, boolean consoleToo) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.WARN);
    context.getLogger("org.cairnfs").setLevel(Level.INFO);
    EXCITABLE.forEach(name -> context.getLogger(name).setLevel(Level.ERROR));
    context.getLogger(MANAGEMENT).setLevel(Level.OFF);
    root.addAppender(fileAppender(context, home.logFile()));
    if (consoleToo) {
      ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
      console.setTarget("System.err");
      root.addAppender(started(console, context));
    }
  }

  /** Logs nothing from now on, in a process that is no node. */
  public static void silence() {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.OFF);
  }

  /** Writes out what is buffered and closes the files. */
  static void stop() {
    ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
  }

  private static RollingFileAppender<ILoggingEvent> fileAppender(LoggerContext context, Path file) {
    RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
    appender.setContext(context);
    appender.setFile(file.toString());

    FixedWindowRollingPolicy rolling = new FixedWindowRollingPolicy();
    rolling.setContext(context);
    rolling.setParent(appender);
    rolling.setFileNamePattern(file + ".%i");
    rolling.setMinIndex(1);
    rolling.setMaxIndex(OLD_FILES_MAX);
    rolling.start();
    appender.setRollingPolicy(rolling);

    SizeBasedTriggeringPolicy<ILoggingEvent> trigger = new SizeBasedTriggeringPolicy<>();
    trigger.setContext(context);
    trigger.setMaxFileSize(new FileSize(FILE_MAX_BYTES));
    trigger.start();
    appender.setTriggeringPolicy(trigger);
    return started(appender, context);
  }

  private static <A extends OutputStreamAppender<ILoggingEvent>> A started(
      A appender, LoggerContext context) {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern(PATTERN);
    encoder.start();
    appender.setContext(context);
    appender.setEncoder(encoder);
    appender.start();
    return appender;
  }

  private NodeLogging() {}
}
