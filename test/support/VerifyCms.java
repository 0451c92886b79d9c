import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.util.Collection;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Asks BouncyCastle about each CMS message given: prints "true" or "false" for every signer. */
public class VerifyCms {
  public static void main(String[] files) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    for (String file : files) {
      CMSSignedData message = new CMSSignedData(new ByteArrayInputStream(Files.readAllBytes(Path.of(file))));
      StringBuilder line = new StringBuilder(Path.of(file).getFileName().toString());
      for (SignerInformation signer : message.getSignerInfos()) {
        Collection<X509CertificateHolder> found = message.getCertificates().getMatches(signer.getSID());
        boolean good;
        try {
          good = signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(found.iterator().next()));
        } catch (org.bouncycastle.cms.CMSException wrong) {
          good = false;
        }
        line.append(' ').append(good);
      }
      System.out.println(line);
    }
  }
}
