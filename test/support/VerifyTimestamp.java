import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.Security;
import java.util.Arrays;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.tsp.TSPException;
import org.bouncycastle.tsp.TimeStampToken;

/** Asks BouncyCastle about timestamp tokens over one file: the first argument. Prints "true" or "false" for each of the others. */
public class VerifyTimestamp {
  public static void main(String[] files) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    byte[] about = Files.readAllBytes(Path.of(files[0]));
    for (String file : Arrays.copyOfRange(files, 1, files.length)) {
      boolean good;
      try {
        TimeStampToken token = new TimeStampToken(new CMSSignedData(Files.readAllBytes(Path.of(file))));
        X509CertificateHolder own = (X509CertificateHolder) token.getCertificates().getMatches(token.getSID()).iterator().next();
        token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(own));
        String hash = token.getTimeStampInfo().getMessageImprintAlgOID().getId();
        byte[] digest = MessageDigest.getInstance(hash, "BC").digest(about);
        good = MessageDigest.isEqual(digest, token.getTimeStampInfo().getMessageImprintDigest());
      } catch (TSPException wrong) {
        good = false;
      }
      System.out.println(Path.of(file).getFileName() + " " + good);
    }
  }
}
