import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import java.nio.file.Path;

/** Lints a chart strictly and prints it rendered with a values file: chart, values, Kubernetes' version. */
public class RenderChart {
    public static void main(String[] arguments) {
        Helm helm = new Helm(Path.of(arguments[0]));
        LintResult lint = helm.lint().strict().call();
        if (lint.isFailed()) {
            lint.getMessages().forEach(System.err::println);
            System.exit(1);
        }
        System.out.print(helm.template()
                .withName("crm").withNamespace("link")
                .withKubeVersion(arguments[2])
                .withValuesFile(Path.of(arguments[1]))
                .call());
    }
}
