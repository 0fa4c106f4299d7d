"""Given names that are frequent in South, East and South-East Asia and around the Pacific."""

from typing import Final

SOUTH_AND_EAST_ASIA: Final = """
    Aabid Aadhya Aadil Aakash Aamir Aanya Aarav Aarti Aayush Abdur Abha Abhay Abhijit Abhinav Abhishek Abida
    Abirami Abul Achyut Adarsh Adhira Aditi Aditya Adoracion Advait Afreen Afroz Afsana Agapito Agastya Agung
    Agus Ahana Ahilya Aijaz Aiko Aimin Aiping Airi Aishah Aishwarya Ajay Ajeet Ajit Akane Akanksha Akari Akash
    Akbar Akemi Akhil Akhilesh Akhtar Aki Akihiko Akihiro Akihito Akiko Akinori Akio Akira Akshara Akshay
    Alamgir Alka Alok Altaf Amala Amarjeet Amarjit Ambika Amey Aminul Amisha Amit Amitabh Amjad Amolika Amrit
    Amrita Amruta Anagha Analiza Analyn Anamika Anan Anand Anant Ananth Anantha Ananya Anchalee Andi Aneesh
    Angad Angelito Anggun Anh Anika Aniket Anil Anirudh Anish Anisur Anjali Anjana Anju Anjum Anjuman Ankit
    Ankita Ankur Annapurna Anoop Ansh Anshu Anshul Anshuman Antara Anupam Anupama Anuradha Anurag Anusha
    Anushka Anushree Anvi Aoi Aparna Apinya Apolinario Apoorva Aravind Arbaz Archana Archit Ari Arief Aris
    Arjun Arlene Arnav Arnel Arpit Arpita Arshad Arthit Arti Arun Aruna Arvind Aryan Asaduzzaman Asahi Asami
    Asavari Asep Asghar Asha Ashish Ashok Ashraful Ashwin Asif Asim Aslam Asmita Astuti Asuka Atif Atiqur
    Atsuhiro Atsuko Atsushi Atul Aung Avani Avantika Avinash Ayaka Ayako Ayame Ayane Ayano Ayato Ayu Ayub
    Ayumi Ayush Azam Azeem Azizah Azlan Azman Azmi Azra Azura Azusa Babu Bach Badri Bagus Bala Balaji
    Balakrishna Balbir Baldev Baljit Balraj Balwinder Bambang Bansi Bao Baoguo Baozhu Basanti Bashira Basuki
    Batbayar Bayani Bayarmaa Bayu Benigno Benilda Bernadeth Bhagwan Bhagyashree Bhanu Bharat Bharathi Bharati
    Bharti Bhaskar Bhaumik Bhavana Bhavani Bhavesh Bhavin Bhavna Bhavya Bhim Bhoomi Bhupinder Bhuvana Bich
    Bijaya Bijoy Bilquis Bimal Bimala Bindu Bingbing Binh Binita Binod Biplab Birendra Bishnu Bohai Bolormaa
    Bong Boonmee Bopha Bounmy Budi Bushra Byung Cahya Cahyono Chaitali Chaitanya Chaiwat Chalerm Chamila
    Chaminda Chanchai Chandan Chandni Chandra Chandrakala Chandrakant Chandrashekhar Chandrika Changming
    Channary Chanthou Chaoyang Charan Charanjit Charito Charu Charulata Chatchai Chathura Chau Chea Chengcheng
    Cherry Chetan Chhaya Chiaki Chie Chien Chihiro Chikako Chinatsu Chinh Chinmay Chirag Chiranjeevi Chitose
    Chitra Chiyo Chiyoko Chizuko Choden Chona Chunhua Chunli Chunmei Chunyan Cici Công Corazon Crisanto
    Crisostomo Cristeta Cuihua Cuong Daichi Daigo Daiki Daisuke Daksha Dalbir Dalisay Daljit Damini Damodar
    Dandan Dang Danh Danica Danilo Danish Dao Dara Darma Darshan Darshana Darwin Dattatray Davaa Dawa Dawei
    Daya Debabrata Debashish Debasish Debjani Dede Dedi Dedy Deepa Deepak Deepali Deepika Deepti Delfin
    Delgerma Delwar Devang Devansh Devaraj Devendra Devi Devika Devyani Dewi Dhanalakshmi Dhananjay Dharam
    Dharmendra Dharmesh Dheeraj Dhiraj Dhruv Dian Diem Dien Diep Digvijay Diksha Dilani Dilhani Dilip
    Dilrukshi Dilshad Dilshan Dimas Dinesh Dinh Dipa Dipak Dipali Dipika Dipti Divya Diwata Doan Dodong Dolma
    Dongmei Dongsheng Dorj Dorje Dorji Draupadi Duangjai Duc Dung Duong Durga Duy Duyên Edgardo Editha Edwin
    Eesha Efren Ehsan Eiji Eiko Eita Ejaz Eko Ekta Emerita Emi Emiko Emiliana Endang Enkhbayar Enkhtuya Erdene
    Eri Eriko Erlinda Esha Eshwar Estrelita Etsuko Etsuo Eufrocina Evangeline Faheem Fahim Faiz Faizal Faizan
    Falguni Fangfang Faraz Farhana Farhat Farooq Farzana Fatema Fauzia Fauziah Fazal Feifei Fenglan Fengying
    Ferdousi Firdaus Firoz Fitri Fitria Fitriani Florante Flordeliza Fugui Fujiko Fuka Fumiaki Fumie Fumihiko
    Fumiko Fumio Fuqiang Fusako Gajanan Gajendra Galih Gamini Ganbaatar Ganbold Ganesh Gantulga Gaofeng Gargi
    Gaurav Gautam Gautham Gayan Gayatri Gede Geeta Geetanjali Geetha Genoveva Genta Geun Ghazala Ghulam Giang
    Giao Giridhar Girija Girish Gita Gokul Gopal Gopi Gopinath Goro Gourav Gouri Govind Govinda Gregoria
    Guangming Guifang Guilan Guirong Guiying Guiyun Gulshan Gunjan Guntur Guohua Guoliang Guoqiang Guoqing
    Guowei Guoying Gurbaksh Gurdeep Gurmeet Gurpreet Gurvinder Habibur Haeun Hafeez Hafiz Hafizah Haibin Haibo
    Haider Haifeng Haitao Haiyan Haiyang Hajime Hameeda Hanako Handoko Hanh Hanyu Haoran Haoyang Haoyu Hardeep
    Haresh Hari Haridas Harinder Harini Harish Hariyanto Harjit Harleen Haroon Harpreet Harsh Harsha Harshad
    Harshal Harshit Harshita Haru Harue Haruhiko Haruka Haruki Haruko Harumi Harun Haruo Haruto Hasanah Hashan
    Hasina Hasitha Haslina Hayate Hayato Hema Hemalatha Hemant Hemlata Hendra Heri Hernando Heru Hesti Hetal
    Hidayah Hideaki Hidekazu Hideki Hideko Hidenori Hideo Hidetoshi Hien Hiep Hieu Hikari Hikaru Himani
    Himanshu Himari Hina Hinata Hiroaki Hirofumi Hirokazu Hiroki Hiroko Hiromi Hiromitsu Hironobu Hiroshi
    Hiroto Hiroyuki Hisae Hisako Hisao Hisashi Hitesh Hitomi Hitoshi Hoa Hoai Hoan Hoang Hong Hongbin Hongbo
    Hongjun Hongliang Hongmei Hongwei Hongxia Hongyan Hongying Honoka Honorata Hrithik Htay Htun Htwe Huaiyu
    Huajun Huifang Huilan Huiling Huimin Huiying Humaira Humayun Hung Huong Husna Huy Huyen Hyejin Hyun Ichiro
    Iftikhar Ijaz Ikuko Ikuo Ilham Ilyas Imtiaz Inayat Indah Inder Inderjit Indira Indra Indrajit Indrani Indu
    Induja Inoka Intan Irfan Irshad Irwan Isagani Isamu Isao Isha Ishaan Ishan Ishara Ishita Ishrat Ishwar
    Iswari Itsuki Iwan Iwao Izumi Izzati Jabeen Jagan Jagannath Jagat Jagdish Jagjit Jagmohan Jahanara
    Jahangir Jaideep Jairam Jaka Jameel Janaka Janaki Janardhan Janhavi Jannatul Jaruwan Jasbir Jaspal
    Jaspreet Jaswant Jaswinder Jatin Javaid Javed Jaya Jayalakshmi Jayant Jayaram Jayashree Jayesh Jaynti
    Jayshree Jayson Jeewan Jericho Jessa Jhanvi Jhonny Jiahao Jiahui Jiali Jialin Jiamin Jiaming Jianfeng
    Jianguo Jianhong Jianhua Jianing Jianjun Jianlin Jianmin Jianping Jianwei Jianxin Jianying Jianzhong Jiaqi
    Jiaxin Jiayi Jiaying Jiayu Jiefang Jigme Jigna Jignesh Jihoon Jimin Jinfeng Jing Jingjing Jingwen Jingyi
    Jinhua Jinlan Jinlong Jinping Jinsong Jintana Jinyu Jinzhu Jiro Jitendra Jiulong Jivan Jiwoo Joko Jomar
    Jonalyn Joselito Jothi Jovelyn Jovito Juancho Jugal Juhi Junaid Junel Junfeng Junhao Junhui Junichi Junji
    Junjie Junjun Junko Junmei Junpei Junwei Junya Jyoti Kabir Kadek Kaede Kaho Kailash Kaito Kaiwen Kajal
    Kala Kaleem Kalpana Kalpesh Kalyan Kalyani Kamakshi Kamala Kamalesh Kamarul Kamini Kamlesh Kamol Kamrul
    Kana Kanako Kanchan Kanchana Kaneko Kanika Kannan Kanokwan Kanta Kanti Kanya Kaori Kaoru Kapil Kapila
    Karan Karma Karthik Karthika Kartik Kartika Karuna Karunakaran Kashif Kasturi Kasun Katsuhiko Katsuko
    Katsumi Katsuo Katsuya Kausar Kaushal Kaushik Kaveri Kavita Kavitha Kavya Kayo Kayoko Kazuaki Kazue
    Kazuhiro Kazuki Kazuko Kazuma Kazumi Kazunori Kazuo Kazuya Kazuyo Kazuyoshi Kazuyuki Kedar Keerthana
    Keerthi Kei Keigo Keiichi Keiko Keisuke Keita Kengo Kenichi Kenji Kenjiro Kensuke Kenta Kento Keshav
    Ketaki Ketan Ketut Kexin Khadim Khaing Khairul Khaleda Kham Khang Khanh Khiem Khin Khoa Khue Khulan
    Khurram Khurshid Khushboo Khushi Kiet Kieu Kikue Kimiko Kinley Kinuko Kiran Kirti Kishan Kishore Kittisak
    Kiyoko Kiyomi Kiyoshi Kohei Koichi Koji Kokila Komako Komal Komang Kosal Kosuke Kotaro Koushik Kripa
    Krishna Krishnan Kristine Kruti Kshitij Kulap Kuldeep Kulsum Kulwinder Kumar Kumari Kumiko Kumud Kumudini
    Kunal Kuniko Kunio Kunthea Kunzang Kusal Kusum Kusuma Kyaw Kyohei Kyoko Kyosuke Lahiru Lailani Lakhan
    Lakmal Lakshman Lakshmi Lalit Lalita Lam Lanfang Lanying Lasantha Lata Latha Latif Lavanya Laxman Laxmi
    Leakhena Leela Leelavati Leilei Lekha Leonora Lestari Lhamo Liang Lianying Liaqat Libo Liem Lien Lifang
    Lifen Ligaya Lihua Lijuan Lijun Lili Lilis Ling Lingling Linh Linlin Liping Lirong Liwayway Liwei Lixia
    Lixin Liya Liyan Liying Loan Lokesh Lolita Longwei Lopamudra Lorna Lovely Luningning Luong Luyao
    Luzviminda Macario Machiko Madan Madhav Madhavan Madhavi Madhu Madhuri Madhusudan Madushani Mahadev
    Mahalakshmi Mahbub Mahbubur Mahela Mahendra Mahesh Maheshwari Mahfuzur Maho Maiko Maimoona Maitreyi Makara
    Maki Makiko Makoto Mala Malathi Malati Malee Malini Malith Mallika Maly Mamoru Mamta Manabu Manami Manasi
    Mandeep Mangal Mangala Manh Manikandan Manish Manisha Manjeet Manjiri Manjit Manju Manjula Manjunath
    Manohar Manoj Manolito Manorama Manpreet Mansi Mansoor Maqbool Maqsood Maribeth Maricel Maricris Mariko
    Marilou Marites Marivic Marlon Masaaki Masae Masahiko Masahiro Masakazu Masaki Masako Masami Masanobu
    Masanori Masao Masaru Masashi Masato Masatoshi Masaya Masayo Masayoshi Masayuki Masood Mastura Masumi
    Mathangi Matsuko Maung Maya Mayank Mayu Mayuko Mayumi Mayur Mayuri Meas Meena Meenakshi Meenal Meera
    Megawati Megha Meghana Megumi Mehnaz Mehreen Mehul Mehvish Mei Meifang Meifeng Meihua Meijuan Meilan
    Meilani Meili Meiling Meiqi Meiying Meiyu Mengjie Mengting Mengxue Mengyao Merlinda Michiko Michio Michiyo
    Midori Mieko Migmar Mihir Miho Mihoko Mika Miki Mikiko Mikio Milind Minako Minakshi Minal Minda Mineko
    Minghao Minghua Mingjie Mingming Mingxia Mingyu Mingzhu Minh Minho Minjun Minoru Misaki Misako Misao
    Misbah Mitali Mithun Mitsuaki Mitsuhiro Mitsuko Mitsuo Mitsuru Mitsuyo Miwa Miwako Miya Miyako Miyoko Miyu
    Miyuki Mizanur Mizuho Mizuki Mofizul Mohan Mohana Mohd Mohini Mohit Moin Momo Momoka Momoko Monali Monirul
    Mosharraf Mostafizur Motoko Moumita Mridula Mrinal Mrinalini Mrunal Mubashir Muchen Mudassar Mugdha Mukesh
    Mukta Mukund Mulyadi Mulyono Mumtaz Munawar Muneer Munkhbat Murali Muralidhar Murtaza Murthy Murugan
    Mushtaq Muthu Muthulakshmi Mutsuko Mutsumi Myat Myint Myrna Nabin Nachiket Nadeem Nadeesha Nafees Nagaraj
    Nagarjun Nagesh Nagisa Naheed Naila Naing Najma Nalin Nalini Naman Namgyal Namrata Nanako Nanami Nanda
    Nandini Nandita Nandkishor Nannan Nantana Naohiro Naoki Naoko Naomi Naoto Naoya Naoyuki Narantuya
    Narasimha Narayan Narayana Narayanan Narendra Naresh Nargis Narinder Narith Narong Narumi Naseem Naseer
    Nasim Nasir Nasreen Natarajan Natraj Natsuki Natsuko Natsumi Natsuo Nattaya Natthapong Nausheen Navdeep
    Naveen Navin Navneet Navya Nawaz Nayan Nayana Nazia Nazir Nazrul Neelam Neena Neeraj Neerja Neeta Neetu
    Neha Nehal Nengah Nenita Nergui Nestor Ngan Ngawang Nghia Nghiem Ngoc Nguyet Nhan Nhat Nhuan Nhung Nida
    Nighat Nihar Niharika Nikhil Nilam Nilanthi Nilar Nilesh Nilima Nilmini Nilofer Nimal Nimisha Ninad
    Ningning Ningsih Niraj Niran Niranjan Nirav Nirmal Nirmala Nirosha Nirupama Nisha Nishant Nishantha
    Nishita Nitesh Nithya Nitin Nittaya Nitya Nivedita Noa Noboru Nobuaki Nobue Nobuhiro Nobuko Nobuo Nobuyuki
    Noman Nomin Nong Nonoy Noraini Norbu Norhayati Nori Norie Norihiko Noriko Norio Noritaka Noriyuki Norizan
    Norliza Nosheen Novi Nozomi Nur Nurhayati Nurhidayah Nurin Nurul Nusrat Nuwan Nuwani Nyein Nyima Nympha
    Nyoman Nyunt Oanh Omkar Omprakash Onofre Ornanong Osamu Otgonbayar Oudom Oyunbileg Oyuun Pacita Padma
    Padmaja Padmavathi Padmini Pakorn Palden Pallav Pallavi Panchali Pandurang Panji Pankaj Panya Parag Param
    Paramjit Paresh Parminder Parth Partha Parul Parvathi Parvati Parveen Parvez Pasang Passang Patcharin
    Pathum Pavan Pavithra Pawan Payal Peeyush Peijun Pema Peng Pengfei Penpa Pensri Pepito Perlita Perveen
    Phalguni Phalla Phannee Phat Pheaktra Phichit Phirun Phong Phuc Phung Phuntsok Phuong Phyo Pich Pichai
    Pimchanok Pingping Pisey Piyush Ponleak Pooja Poonam Poorna Poornima Pornthip Prabha Prabhakar Prabhat
    Prabhavati Prabir Prabowo Prachi Pradeep Pradeepa Pradip Pragya Prajakta Prakash Prakriti Pramila Pramod
    Pranali Pranati Pranav Pranee Praneeth Pranjal Prasad Prasanna Prasenjit Prasert Prasetyo Prashant
    Prashanth Pratap Prateek Prathap Pratibha Pratik Pratima Praveen Praveena Prayut Precy Preecha Preet
    Preetha Preethi Preeti Prem Prerana Pritam Pritha Prithvi Priti Pritpal Priya Priyani Priyanka Priyantha
    Prospero Puji Pulkit Punam Puneet Purnima Purnomo Purushottam Pushkar Pushpa Pushpalata Puspita Putri Putu
    Qamar Qasim Qiang Qianqian Qiaoling Qingqing Qingsong Qiumei Qiuyue Quan Quang Quddus Quirino Quoc Quyen
    Quynh Raageshwari Rabindra Rachana Rachna Radha Radhakrishnan Radhika Rafiqul Raghav Raghavendra Raghu
    Raghunath Ragini Rahat Rahayu Raheela Raheem Rahil Rahima Rahman Rahmat Rahul Raj Raja Rajalakshmi Rajan
    Rajani Rajashree Rajashri Rajat Rajdeep Rajeev Rajendra Rajesh Rajeshwari Rajinder Rajiv Rajkumar Rajnish
    Rajshree Raju Rakesh Rakhi Ramachandran Ramakrishna Raman Ramanathan Rambha Ramesh Rameshwar Ramil Ramila
    Ramnath Ramya Ranbir Rangana Ranganath Rani Ranjan Ranjana Ranjeet Ranjini Ranjit Rashmi Ratan Ratanak
    Ratih Ratna Rattana Raveena Ravi Ravikumar Ravinder Ravindra Raza Razia Reena Rehan Rehana Rehman Rei
    Reiko Reina Rekha Ren Reni Renu Reshma Retno Revathi Rewa Reynaldo Rezaul Riaz Richa Riddhi Rika Rikako
    Riko Riku Rin Rina Rinchen Rini Rinku Ripudaman Ririka Rishi Riska Ritesh Rithy Ritika Ritsuko Ritu
    Rizalina Rizki Rizky Rizwan Rizwana Rochelle Rodel Rodelio Rohan Rohini Rohit Rokeya Rokuro Romesh Romulo
    Rongrong Roopa Rosalinda Roshan Roshani Roshni Roslan Rosmah Rosnah Rowell Rowena Rozita Rubina Ruchi
    Ruchika Rudra Ruel Ruifang Ruihua Ruiling Ruixue Rukhsana Rukmana Rukmini Ruksana Rumi Rumiko Rungnapa
    Ruolan Ruoxi Rupa Rupal Rupali Rupesh Ruri Rustico Rutuja Ruwan Ruwani Ryo Ryoichi Ryoko Ryosuke Ryota
    Ryotaro Ryuichi Ryuji Ryunosuke Sabeena Sabina Sabir Sabita Sabitri Sabyasachi Sachidananda Sachiko Sachin
    Sachini Sadaf Sadako Sadao Sadhana Sadiq Saeeda Saeko Sagar Sahil Saif Saiful Saima Sajida Sajith Sajjad
    Sakchai Saki Sakiko Sakshi Sakura Salahuddin Saleem Saman Samarth Sameer Samiksha Samina Samnang Samol
    Sampada Sampath Samran Samrat Samreen Sanath Sandar Sandeep Sandhya Sandip Sanduni Sangay Sangeeta Sangita
    Sanika Sanjana Sanjay Sanjeeta Sanjeev Sanjeewa Sanjib Sanket Sanskriti Santosh Saori Saowaluk Sapna
    Sarabjit Sarala Sarangerel Saraswathi Saraswati Saravanan Sarawut Sarfaraz Sarika Sarita Saroj Sarvesh
    Sarwar Sary Sasikala Satheesh Sathya Satinder Satish Satoko Satoru Satoshi Satya Satyajit Satyam Satyendra
    Saumya Saurabh Sava Savita Savitha Savitri Savuth Sawako Sawan Sawat Saya Sayaka Sayuri Seema Seiichi
    Seiji Seiko Seiya Sejal Selvam Selvi Senthil Setiawan Setsuko Seung Seyha Shabana Shabnam Shafiq Shafiqul
    Shagufta Shaheen Shaheena Shahida Shahidul Shahnawaz Shahrul Shahzad Shaila Shailaja Shailendra Shailesh
    Shaili Shaista Shaji Shakeel Shakeela Shakib Shakil Shakuntala Shalini Shalu Shambhu Shamim Shamima
    Shamsul Shamsun Shanika Shankar Shanshan Shanta Shantanu Shanthi Shanti Shaohua Shaojun Sharad Sharda
    Sharmila Sharmin Sharmistha Sharvari Shashank Shashi Shashikala Shashikant Shatrughan Shazia Sheela
    Sheetal Shehan Shehnaz Shekhar Shengli Shibani Shigeki Shigeko Shigenobu Shigeo Shigeru Shigeyuki Shihao
    Shiho Shijie Shikha Shilpa Shingo Shinichi Shinichiro Shinji Shinobu Shinya Shiori Shirish Shiro Shishir
    Shital Shiv Shivaji Shivakumar Shivam Shivani Shiyu Shizue Shizuka Shizuko Shoaib Shoba Shobha Shobhana
    Shohei Shoichi Shoji Shoko Shota Shotaro Shoukat Shoya Shraddha Shravan Shreya Shreyas Shrikant Shriram
    Shruti Shuai Shuang Shubha Shubham Shubhangi Shubhra Shufang Shufen Shufeng Shuhei Shuhua Shuhui Shuichi
    Shuji Shujuan Shulan Shumin Shun Shunji Shunsuke Shuping Shuqin Shuta Shuying Shuyun Shuzhen Shweta Shyam
    Shyama Shyamala Siddharth Siddhartha Siddhi Sigit Sikandar Simran Sinta Siqi Sirajul Sirikit Siriporn
    Siriwan Sita Sitha Siti Sitong Siyu Slamet Smita Smitha Smriti Sneha Snehal Snehalata Soekarno Sohail
    Sohan Soichiro Sokha Sokhom Sokly Soma Somboon Somchai Somjai Somnath Sompong Somporn Somsak Somying Sonal
    Sonali Sonam Songlin Sonika Sonoko Sonu Soojin Sophal Sophea Sopheap Sota Sothea Soumitra Soumya Sourav
    Sovann Sreedevi Sreeja Sreelakshmi Sreymom Sreyneang Sridevi Sridhar Srikanth Srinivas Srinivasan Sriram
    Sriya Subhadra Subhash Subhashini Subrahmanyam Subramanian Subrata Sucheta Suchismita Suchitra Sudarshan
    Sudeep Sudesh Sudha Sudhakar Sudhanshu Sudhir Sudipta Sufen Sufia Sugandha Sugeng Suguna Suguru Suhaimi
    Suhani Suhartini Suharto Suhas Suhasini Sujata Sujatha Sujay Sujeewa Sujit Sukanya Sukhbaatar Sukhdev
    Sukhjit Sukhwinder Sukumar Sulabha Sulastri Sulochana Sultana Sumaira Suman Sumana Sumarni Sumathi Sumedha
    Sumiati Sumie Sumiko Sumire Sumit Sumitra Sundar Sundaram Sundari Sunee Suneel Suneeta Sunethra Sunil
    Sunita Suong Supaporn Suparman Suparto Suphan Suprabha Supranee Supriya Supriyadi Surabhi Surachai Suraj
    Surbhi Surekha Surendra Suresh Surinder Surjit Surya Suryakant Suryani Susanti Sushant Susheela Sushil
    Sushila Sushma Sushmita Susilo Susumu Sutini Sutrisno Suvarna Suwan Suwanna Suwarno Suwit Suyash Suying
    Suzhen Suzu Suzuko Suzume Swaminathan Swapna Swarna Swaroop Swathi Swati Swetha Syafiq Syahirah Syazwan
    Tabassum Tadashi Tahir Tahira Tahmina Taichi Taiga Taisuke Taizo Takaaki Takae Takafumi Takahashi Takahiko
    Takahiro Takako Takamasa Takanori Takao Takashi Takatoshi Takayuki Takehiko Takehiro Takeo Takeshi Taku
    Takuma Takumi Takuro Takuya Talat Talha Tam Tamae Tamaki Tamako Tamami Tamiko Tamotsu Tanmay Tanu Tanuja
    Tanushree Tanveer Tanvi Tanvir Tapan Tarini Taro Tarun Tashi Tasleem Taslima Tasneem Tatsuhiko Tatsuo
    Tatsuro Tatsuya Tawan Tayyaba Teguh Teiko Tejal Tejas Tejaswini Temuulen Tengfei Tenzin Teodora Teresita
    Teruaki Teruko Teruo Tetsuko Tetsuo Tetsuro Tetsuya Thach Thai Thaksin Thanakorn Thanawat Thang Thangam
    Thanh Thao Tharindu Thein Thi Thida Thien Thiet Thiha Thilaga Thilini Thinh Thinley Thirumalai Tho Thoa
    Thongchai Thu Thuan Thục Thulasi Thuong Thupten Thura Thushara Thuy Tianyi Tianyu Tien Tika Tilak Tingting
    Tippawan Titin Toai Toan Tokiko Tokuko Tomiko Tomio Tomoaki Tomoe Tomohiro Tomoka Tomokazu Tomoko Tomomi
    Tomonori Tomoya Tomoyuki Toru Toshi Toshiaki Toshie Toshihiko Toshihiro Toshikazu Toshiko Toshimitsu
    Toshio Toshiyuki Toyoko Trang Tri Triet Trieu Trilok Trinh Tripti Trishala Triveni Trong Trung Truong
    Trupthi Trupti Tserendorj Tsering Tsetseg Tshering Tsubasa Tsukasa Tsuneo Tsutomu Tsuyoshi Tuan Tulsi Tung
    Tuoi Tuong Tushar Tuti Tuya Tuyen Tuyet Ubon Udara Uday Udit Udom Ugyen Ujjwal Ujwala Ulhas Uma Umair
    Umakant Umeko Umer Umesh Untung Upali Upasana Upendra Upul Urai Urmi Urmila Urvashi Usha Utami Uthai
    Utkarsh Utpal Uttam Uyanga Uzma Vaibhav Vaishali Vaishnavi Vallabh Vanaja Vandana Vandita Vani Vanida
    Vanitha Vanna Varinder Varsha Varun Vasant Vasantha Vasanthi Vasudev Vasudevan Vasudha Veasna Vedant Veena
    Veera Velu Venkat Venkataraman Venkatesh Venkateswara Vibha Vibhuti Vibol Vichai Vidhi Vidhya Vidya Vidyut
    Viet Vignesh Vijay Vijaya Vijayalakshmi Vikas Vikash Vikram Vikrant Vilas Vimal Vimala Vinay Vinaya
    Vinayak Vineet Vineeta Vinh Vinita Vinoba Vinod Vinodini Vipin Vipul Virat Virender Virendra Vishakha
    Vishal Vishnu Vishwanath Vishwas Vithal Vivaan Vivek Vrinda Vuong Vuthy Vyjayanthi Wahyu Wajid Wakana
    Wanchai Wangchuk Wangmo Wanida Wanqing Waqar Waqas Wasantha Wasim Wataru Wati Wawan Wayan Weidong Weifang
    Weihong Weijie Weijun Weilin Weiling Weiming Weiping Weiwei Weizhen Wenbin Wenbo Wencheng Wenhao Wenhua
    Wenhui Wenjie Wenjing Wenjun Wenli Wenqing Wenting Wenxin Wenyan Wenying Wichai Widodo Widya Wilai
    Wilfredo Wipa Wira Wittaya Wulan Xiangdong Xianghua Xiaobo Xiaochen Xiaodan Xiaodong Xiaofang Xiaofei
    Xiaofeng Xiaogang Xiaohong Xiaohua Xiaohui Xiaojie Xiaojing Xiaojuan Xiaojun Xiaolan Xiaolei Xiaoli
    Xiaolin Xiaoling Xiaolong Xiaomei Xiaomin Xiaoming Xiaoping Xiaoqin Xiaoqing Xiaorong Xiaotong Xiaowei
    Xiaowen Xiaoxia Xiaoxiao Xiaoyan Xiaoying Xiaoyu Xiaoyun Xin Xinhua Xinrui Xintong Xinxin Xinyi Xinyu
    Xiufang Xiufen Xiuhua Xiujuan Xiulan Xiuli Xiuling Xiumei Xiumin Xiuqin Xiurong Xiuying Xiuyun Xiuzhen
    Xiuzhi Xuan Xuefei Xuefeng Xueli Xuemei Xueqin Xueyan Xueying Yadanar Yaeko Yafei Yali Yamin Yamini Yamuna
    Yanan Yanbin Yanfang Yanfei Yangchen Yanhong Yanhua Yani Yanjun Yanli Yanling Yanmei Yanping Yanqing Yanti
    Yanto Yanyan Yaqin Yash Yashaswini Yashoda Yashwant Yasmeen Yasuaki Yasue Yasuhiko Yasuhiro Yasuko
    Yasunori Yasuo Yasushi Yatin Yawen Yaxin Yayan Yayoi Yen Yeshe Yeshey Yichen Yifan Yihan Yijun Yilin
    Yiming Yinghua Yingjie Yingxue Yingying Yiran Yitong Yiwen Yixuan Yogendra Yogesh Yogi Yogita Yoichi Yoko
    Yong Yongfang Yonggang Yonghong Yonghua Yongjun Yongliang Yongping Yongqiang Yongsheng Yoshiaki Yoshie
    Yoshihiko Yoshihiro Yoshihito Yoshikazu Yoshiko Yoshimi Yoshinori Yoshio Yoshiro Yoshitaka Yoshiyuki
    Yosuke Yuchen Yucheng Yuehua Yuhan Yuhong Yuhua Yui Yuichi Yuichiro Yuina Yuji Yujie Yuka Yukari Yuki
    Yukie Yukihiro Yukiko Yukina Yukio Yuko Yulan Yuli Yulin Yuling Yulong Yuma Yumei Yumeko Yumi Yumiko Yumin
    Yuna Yunfei Yuniarti Yunpeng Yunxia Yupa Yuping Yuqing Yurie Yuriko Yurong Yusei Yusuke Yuta Yutaka Yuting
    Yuto Yutong Yuttana Yuvraj Yuwen Yuxiang Yuxin Yuxuan Yuya Yuyan Yuying Yuzhen Yuzhu Yuzuki Yuzuru Zafar
    Zaheer Zahida Zahidul Zaibunnisa Zainal Zainuddin Zakia Zakir Zaleha Zareen Zarina Zeba Zeenat Zehao
    Zenaida Zeyu Zhaohui Zhenguo Zhenhua Zhenyu Zhenzhen Zhibin Zhigang Zhihao Zhihong Zhihui Zhijian Zhijun
    Zhimin Zhiming Zhipeng Zhiqiang Zhiwei Zhiyong Zhiyuan Zhongwei Zhongyi Zhuang Zihan Zirui Ziwei Zixuan
    Ziyang Ziyi Ziyu Zohaib Zubaida Zubair Zubin Zulfiqar Zulkifli Zuraidah
"""
# A Korean given name is two of these with a hyphen between: Soo-jin.
KOREAN_SYLLABLES: Final = """
    ah ae bin bo bok bong bum byung byeong chae chan chang cheol chul da dae deok do dong duk eun ga geum geun
    gi gu guk gun gwang gyeong gyu gyung ha hae han he hee ho hong hoon hui hun hwa hwan hwi hye hyeon hyeong
    hyo hyuk hyun hyung il in ja jae jeong ji jin jong joo joon ju jun jung ki kwan kwang kwon kyeong kyo kyu
    kyun kyung mal man mi min mo moo moon mun myeong myung na nam ok oh ra ram ran ri rim rin ryul sam san
    sang se seo seok seol seon seong seop seul seung shik shin si sik so sol song soo sook soon soyeon su suk
    sun sung tae tak taek ui uk un wan won wong woo wook wu ya yang ye yeo yeol yeon yeong yi yong yoo yook
    yool yoon yeop young yu yuk yul yun yung
"""
