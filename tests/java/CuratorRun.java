/*
 * CuratorRun: runs a command under Curator's InterProcessSemaphoreMutex, as a
 * Java program would.  Each run has its own client, which connects, acquires,
 * runs the command, releases and closes.
 *
 * usage: java CuratorRun CONNECT PATH RUNS COMMAND [ARGUMENT...]
 *
 * Prints the milliseconds of each run by the program's own clock.  The first
 * run includes the JVM's loading and compiling.
 */
import java.util.Arrays;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;

public class CuratorRun {
	private static int run(String connect, String path, String[] command)
	    throws Exception {
		try (CuratorFramework client = CuratorFrameworkFactory.newClient(
		    connect, 15000, 10000, new ExponentialBackoffRetry(100, 5))) {
			InterProcessSemaphoreMutex mutex =
			    new InterProcessSemaphoreMutex(client, path);

			client.start();
			mutex.acquire();
			try {
				return new ProcessBuilder(command).inheritIO()
				    .start().waitFor();
			} finally {
				mutex.release();
			}
		}
	}

	public static void main(String[] args) throws Exception {
		String[] command = Arrays.copyOfRange(args, 3, args.length);
		int runs = Integer.parseInt(args[2]);
		int status = 0;

		for (int i = 0; i < runs && status == 0; i++) {
			long begin = System.nanoTime();

			status = run(args[0], args[1], command);
			System.out.printf("%.3f%n",
			    (System.nanoTime() - begin) / 1e6);
		}
		System.exit(status);
	}
}
