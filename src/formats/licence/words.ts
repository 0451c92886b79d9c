/** What stands around a licence in its own language: the language's name, four buttons, and the sentence above them. Texts of our own. */

export interface Words {
  readonly language: string;
  readonly agree: string;
  readonly disagree: string;
  readonly print: string;
  readonly save: string;
  readonly message: string;
}

/** Six texts in the order of the resource. The buttons' names stand in the message as the reader sees them. */
type Row = readonly [language: string, agree: string, disagree: string, print: string, save: string, message: string];

const ENGLISH: Row = [
  'English',
  'Agree',
  'Disagree',
  'Print',
  'Save…',
  'Please read this licence. Click “%a” to accept it and open the disk image, or “%d” to close it.',
];

const ROWS: Readonly<Record<string, Row>> = {
  en: ENGLISH,
  de: [
    'Deutsch',
    'Akzeptieren',
    'Ablehnen',
    'Drucken',
    'Sichern …',
    'Bitte lesen Sie diese Lizenz. Mit „%a“ nehmen Sie sie an und öffnen das Image, mit „%d“ schließen Sie es.',
  ],
  fr: [
    'Français',
    'Accepter',
    'Refuser',
    'Imprimer',
    'Enregistrer…',
    'Veuillez lire cette licence. « %a » l’accepte et ouvre l’image disque, « %d » la referme.',
  ],
  it: [
    'Italiano',
    'Accetta',
    'Rifiuta',
    'Stampa',
    'Salva…',
    'Leggi questa licenza. Con “%a” la accetti e apri l’immagine disco, con “%d” la chiudi.',
  ],
  es: [
    'Español',
    'Aceptar',
    'Rechazar',
    'Imprimir',
    'Guardar…',
    'Lea esta licencia. Con “%a” la acepta y abre la imagen de disco; con “%d” la cierra.',
  ],
  ca: [
    'Català',
    'Accepta',
    'Rebutja',
    'Imprimeix',
    'Desa…',
    'Llegiu aquesta llicència. Amb “%a” l’accepteu i obriu la imatge de disc; amb “%d” la tanqueu.',
  ],
  pt: [
    'Português',
    'Aceitar',
    'Recusar',
    'Imprimir',
    'Salvar…',
    'Leia esta licença. “%a” aceita a licença e abre a imagem de disco; “%d” fecha a imagem.',
  ],
  nl: [
    'Nederlands',
    'Akkoord',
    'Niet akkoord',
    'Print',
    'Bewaar…',
    'Lees deze licentie. Met ‘%a’ accepteert u haar en opent u de schijfkopie, met ‘%d’ sluit u die.',
  ],
  sv: [
    'Svenska',
    'Godkänn',
    'Avböj',
    'Skriv ut',
    'Spara…',
    'Läs den här licensen. ”%a” godkänner den och öppnar skivavbilden, ”%d” stänger den.',
  ],
  da: [
    'Dansk',
    'Accepter',
    'Afvis',
    'Udskriv',
    'Arkiver…',
    'Læs denne licens. “%a” accepterer den og åbner diskbilledet, “%d” lukker det.',
  ],
  nb: ['Norsk', 'Godta', 'Avslå', 'Skriv ut', 'Arkiver…', 'Les denne lisensen. «%a» godtar den og åpner diskfilen, «%d» lukker den.'],
  fi: [
    'Suomi',
    'Hyväksy',
    'Hylkää',
    'Tulosta',
    'Tallenna…',
    'Lue tämä lisenssi. ”%a” hyväksyy sen ja avaa levytiedoston, ”%d” sulkee sen.',
  ],
  pl: [
    'Polski',
    'Akceptuję',
    'Odrzucam',
    'Drukuj',
    'Zachowaj…',
    'Przeczytaj tę licencję. „%a” przyjmuje ją i otwiera obraz dysku, „%d” go zamyka.',
  ],
  cs: [
    'Čeština',
    'Souhlasím',
    'Nesouhlasím',
    'Tisk',
    'Uložit…',
    'Přečtěte si tuto licenci. „%a“ ji přijme a otevře obraz disku, „%d“ jej zavře.',
  ],
  sk: [
    'Slovenčina',
    'Súhlasím',
    'Nesúhlasím',
    'Tlačiť',
    'Uložiť…',
    'Prečítajte si túto licenciu. „%a“ ju prijme a otvorí obraz disku, „%d“ ho zatvorí.',
  ],
  hu: [
    'Magyar',
    'Elfogadom',
    'Elutasítom',
    'Nyomtatás',
    'Mentés…',
    'Olvassa el ezt a licencet. „%a”: elfogadja és megnyitja a lemezképet; „%d”: bezárja.',
  ],
  ru: [
    'Русский',
    'Принимаю',
    'Отклоняю',
    'Печать',
    'Сохранить…',
    'Прочтите эту лицензию. «%a» принимает её и открывает образ диска, «%d» закрывает его.',
  ],
  uk: [
    'Українська',
    'Погоджуюсь',
    'Відхиляю',
    'Друк',
    'Зберегти…',
    'Прочитайте цю ліцензію. «%a» приймає її та відкриває образ диска, «%d» закриває його.',
  ],
  el: [
    'Ελληνικά',
    'Συμφωνώ',
    'Διαφωνώ',
    'Εκτύπωση',
    'Αποθήκευση…',
    'Διαβάστε αυτή την άδεια. Το «%a» την αποδέχεται και ανοίγει την εικόνα δίσκου, το «%d» την κλείνει.',
  ],
  tr: ['Türkçe', 'Kabul Et', 'Reddet', 'Yazdır', 'Kaydet…', 'Bu lisansı okuyun. “%a” onu kabul edip disk görüntüsünü açar, “%d” kapatır.'],
  ja: [
    '日本語',
    '同意する',
    '同意しない',
    'プリント',
    '保存…',
    'この使用許諾をお読みください。「%a」を選ぶと同意してディスクイメージを開き、「%d」を選ぶと閉じます。',
  ],
  ko: [
    '한국어',
    '동의',
    '동의 안 함',
    '프린트',
    '저장…',
    '이 사용권을 읽어 주십시오. ‘%a’을 누르면 동의하고 디스크 이미지를 열며, ‘%d’을 누르면 닫습니다.',
  ],
  zh_CN: ['简体中文', '同意', '不同意', '打印', '存储…', '请阅读本许可。点按“%a”表示接受并打开磁盘映像，点按“%d”则关闭。'],
  zh_TW: ['繁體中文', '同意', '不同意', '列印', '儲存…', '請閱讀本授權條款。按「%a」表示接受並打開磁碟映像檔，按「%d」則關閉。'],
};

/** @param locale - as in `Region`; a language without texts of its own gets the English ones */
export function wordsFor(locale: string): Words {
  const [language, agree, disagree, print, save, message] = ROWS[locale] ?? ROWS[locale.split('_')[0]!] ?? ENGLISH;
  return { language, agree, disagree, print, save, message: message.replace('%a', agree).replace('%d', disagree) };
}
